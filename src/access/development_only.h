// The mark by which an issuer says that it gives tokens to anyone who asks.
#pragma once

#include "json/document.h"

namespace continuum::access {

inline constexpr std::string_view kDevelopmentOnlyMember = "continuum_development_only";

// Whether the object carries the mark; with any value but `false` it does.
inline bool is_development_only(const json::Node& object) {
  const json::Node* mark = object.find(kDevelopmentOnlyMember);
  return mark != nullptr && mark->kind != json::Kind::kFalse;
}

}  // namespace continuum::access
