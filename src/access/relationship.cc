#include "access/relationship.h"

#include "base/check.h"

namespace continuum::access {

std::string_view to_string(RelationshipKind kind) {
  for (const auto& [each, name] : kRelationshipKinds) {
    if (each == kind) {
      return name;
    }
  }
  CHECK(false);
}

std::optional<RelationshipKind> parse_relationship_kind(std::string_view name) {
  for (const auto& [kind, known] : kRelationshipKinds) {
    if (known == name) {
      return kind;
    }
  }
  return std::nullopt;
}

}  // namespace continuum::access
