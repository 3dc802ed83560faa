#include "fhir/search_values.h"

#include <array>
#include <cstring>

#include "fhir/definitions.h"
#include "fhir/reference.h"

namespace continuum::fhir {
namespace {

using definitions::Leaf;
using definitions::TrieAction;
using definitions::TrieNode;
using definitions::TrieSlot;
using json::Kind;
using json::Node;

constexpr std::string_view kCurrencySystem = "urn:iso:std:iso:4217";

// nameHash in tools/definitions/tries.mjs is the same function. `name` is not empty.
uint32_t name_hash(std::string_view name, uint32_t seed, unsigned bits) {
  auto byte = [name](size_t i) {
    return static_cast<uint32_t>(static_cast<unsigned char>(name[i]));
  };
  size_t size = name.size();
  uint32_t key =
      static_cast<uint32_t>(size) | byte(0) << 8 | byte(size / 2) << 16 | byte(size - 1) << 24;
  return ((key ^ byte(size > 1 ? size - 2 : 0)) * seed) >> (32 - bits);
}

const TrieSlot* find_edge(const TrieNode& node, std::string_view name) {
  if (node.slot_bits == 0 || name.empty()) {
    return nullptr;
  }
  const TrieSlot& slot =
      definitions::kSlots[node.slots_first + name_hash(name, node.hash_seed, node.slot_bits)];
  return slot.name == name ? &slot : nullptr;
}

std::string_view system_of(const definitions::BindingRow& binding, std::string_view code) {
  for (size_t i = 0; i < binding.codes_count; ++i) {
    const definitions::BindingCodeRow& row = definitions::kBindingCodes[binding.codes_first + i];
    if (row.code == code) {
      return row.system;
    }
  }
  return binding.system;
}

// The text of a string node, or empty.
std::string_view text_of(const Node& node) {
  return node.is_string() ? node.text : std::string_view();
}

// Strings of one object, picked in a single pass over its members.
template <size_t N>
std::array<std::string_view, N> pick(const Node& object,
                                     const std::array<std::string_view, N>& names) {
  std::array<std::string_view, N> texts;
  if (!object.is_object()) {
    return texts;
  }
  for (const Node& member : children(object)) {
    for (size_t i = 0; i < N; ++i) {
      if (member.key == names[i]) {
        texts[i] = text_of(member);
      }
    }
  }
  return texts;
}

// Calls `each` with the value, or with each item when it is an array.
template <typename Each>
void for_each_item(const Node& value, Each each) {
  if (!value.is_array()) {
    each(value);
    return;
  }
  for (const Node& item : children(value)) {
    each(item);
  }
}

bool has_any_name(std::string_view key, std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) {
    if (key == name) {
      return true;
    }
  }
  return false;
}

// One extraction: the walk, and one function for each kind of leaf.
class Extraction {
 public:
  explicit Extraction(SearchValueSink& sink) : sink_(sink) {}

  void visit(uint16_t node_number, const Node& value) {
    const TrieNode& node = definitions::kNodes[node_number];
    for (size_t i = 0; i < node.actions_count; ++i) {
      act(definitions::kActions[node.actions_first + i], value);
    }
    if (!value.is_object()) {
      return;
    }
    for (size_t i = 0; i < node.guards_count; ++i) {
      const definitions::TrieGuard& guard = definitions::kGuards[node.guards_first + i];
      if (value.string(guard.member) == guard.literal) {
        visit(guard.node, value);
      }
    }
    if (node.slot_bits != 0) {
      visit_members(node, value);
    }
  }

 private:
  void visit_members(const TrieNode& node, const Node& object) {
    for (const Node& member : children(object)) {
      const TrieSlot* edge = find_edge(node, member.key);
      if (edge == nullptr) {
        continue;
      }
      if (!member.is_array()) {
        visit(edge->node, member);
      } else if (!edge->first_only) {
        for (const Node& item : children(member)) {
          visit(edge->node, item);
        }
      } else if (member.first != nullptr) {
        visit(edge->node, *member.first);
      }
    }
  }

  void act(const TrieAction& action, const Node& value) {
    switch (action.leaf) {
      case Leaf::kTokenCoding:
        return coding(action, value);
      case Leaf::kTokenConcept:
        return concept_codings(action, value);
      case Leaf::kTokenIdentifier:
        return identifier(action, value);
      case Leaf::kTokenContactPoint:
        return emit_token(action, {}, value.string("value"));
      case Leaf::kTokenCode:
        return code(action, value);
      case Leaf::kTokenBoolean:
        return boolean(action, value);
      case Leaf::kTokenText:
        return emit_token(action, {}, text_of(value));
      case Leaf::kTokenPresent:
        return value.kind == Kind::kNull ? void() : emit_token(action, {}, "true");
      case Leaf::kString:
        return emit_string(action, value);
      case Leaf::kStringHumanName:
        return human_name(action, value);
      case Leaf::kStringAddress:
        return address(action, value);
      case Leaf::kReference:
        return reference(action, value);
      case Leaf::kReferenceUri:
        return emit_reference(action, text_of(value), {}, {});
      case Leaf::kReferenceInline:
        return inline_resource(action, value);
      case Leaf::kDate:
        return emit_date(action, value.is_string() ? parse_date(value.text) : std::nullopt);
      case Leaf::kDatePeriod:
        return emit_date(action, period_range(value));
      case Leaf::kDateTiming:
        return emit_date(action, timing_range(value));
      case Leaf::kNumber:
        return value.is_number() ? sink_.number(action.parameter, value.text) : void();
      case Leaf::kQuantity:
        return quantity(action, value);
      case Leaf::kQuantityMoney:
        return money(action, value);
      case Leaf::kQuantityRange:
        return range(action, value);
      case Leaf::kUri:
        return uri(action, value);
    }
  }

  void emit_token(const TrieAction& action, std::string_view system, std::string_view code) {
    if (!system.empty() || !code.empty()) {
      sink_.token(action.parameter, system, code);
    }
  }

  void coding(const TrieAction& action, const Node& value) {
    auto [system, code] = pick<2>(value, {"system", "code"});
    emit_token(action, system, code);
  }

  void concept_codings(const TrieAction& action, const Node& value) {
    const Node* codings = value.find("coding");
    if (codings != nullptr) {
      for_each_item(*codings, [&](const Node& item) { coding(action, item); });
    }
  }

  void identifier(const TrieAction& action, const Node& value) {
    auto [system, text] = pick<2>(value, {"system", "value"});
    emit_token(action, system, text);
  }

  void code(const TrieAction& action, const Node& value) {
    if (value.is_string() && !value.text.empty()) {
      sink_.token(action.parameter, system_of(definitions::kBindings[action.argument], value.text),
                  value.text);
    }
  }

  void boolean(const TrieAction& action, const Node& value) {
    if (value.kind == Kind::kTrue || value.kind == Kind::kFalse) {
      sink_.token(action.parameter, {}, value.kind == Kind::kTrue ? "true" : "false");
    }
  }

  void emit_string(const TrieAction& action, const Node& value) {
    if (value.is_string() && !value.text.empty()) {
      sink_.string(action.parameter, value.text);
    }
  }

  void string_parts(const TrieAction& action, const Node& value,
                    std::initializer_list<std::string_view> names) {
    if (!value.is_object()) {
      return;
    }
    for (const Node& member : children(value)) {
      if (has_any_name(member.key, names)) {
        for_each_item(member, [&](const Node& item) { emit_string(action, item); });
      }
    }
  }

  void human_name(const TrieAction& action, const Node& value) {
    string_parts(action, value, {"family", "given", "prefix", "suffix", "text"});
  }

  void address(const TrieAction& action, const Node& value) {
    string_parts(action, value,
                 {"line", "city", "district", "state", "postalCode", "country", "text"});
  }

  void emit_reference(const TrieAction& action, std::string_view text, std::string_view system,
                      std::string_view value) {
    if (!text.empty() || !system.empty() || !value.empty()) {
      sink_.reference(action.parameter, text, system, value);
    }
  }

  void reference(const TrieAction& action, const Node& value) {
    auto [text, type] = pick<2>(value, {"reference", "type"});
    if (action.argument != 0) {
      std::optional<TypeNumber> named = parse_reference(text).type;
      named = named ? named : type_number(type);
      if (named != static_cast<TypeNumber>(action.argument - 1)) {
        return;
      }
    }
    const Node* identifier = value.find("identifier");
    if (identifier == nullptr) {
      return emit_reference(action, text, {}, {});
    }
    auto [id_system, id_value] = pick<2>(*identifier, {"system", "value"});
    emit_reference(action, text, id_system, id_value);
  }

  // A resource inside a Bundle is referred to as if by "Type/id".
  void inline_resource(const TrieAction& action, const Node& value) {
    auto [type, id] = pick<2>(value, {"resourceType", "id"});
    auto wanted = static_cast<TypeNumber>(action.argument - 1);
    if (type != type_name(wanted) || !is_valid_id(id)) {
      return;
    }
    std::array<char, 128> text;
    std::memcpy(text.data(), type.data(), type.size());
    text[type.size()] = '/';
    std::memcpy(text.data() + type.size() + 1, id.data(), id.size());
    emit_reference(action, {text.data(), type.size() + 1 + id.size()}, {}, {});
  }

  void emit_date(const TrieAction& action, const std::optional<DateRange>& range) {
    if (range) {
      sink_.date(action.parameter, *range);
    }
  }

  void quantity(const TrieAction& action, const Node& value) {
    const Node* number = value.find("value");
    if (number == nullptr || !number->is_number()) {
      return;
    }
    auto [comparator, system, code, unit] =
        pick<4>(value, {"comparator", "system", "code", "unit"});
    sink_.quantity(action.parameter, {number->text, comparator, system, code, unit});
  }

  void money(const TrieAction& action, const Node& value) {
    const Node* number = value.find("value");
    if (number != nullptr && number->is_number()) {
      sink_.quantity(action.parameter,
                     {number->text, {}, kCurrencySystem, value.string("currency"), {}});
    }
  }

  void range(const TrieAction& action, const Node& value) {
    for (std::string_view end : {"low", "high"}) {
      if (const Node* found = value.find(end)) {
        quantity(action, *found);
      }
    }
  }

  void uri(const TrieAction& action, const Node& value) {
    if (value.is_string() && !value.text.empty()) {
      sink_.uri(action.parameter, value.text);
    }
  }

  SearchValueSink& sink_;
};

// Rows of one parameter are consecutive.
void extract_absents(const definitions::TypeRow& row, const Node& resource, SearchValueSink& sink) {
  const definitions::AbsentRow* at = definitions::kAbsents + row.absents_first;
  const definitions::AbsentRow* end = at + row.absents_count;
  while (at != end) {
    ParameterNumber parameter = at->parameter;
    bool present = false;
    for (; at != end && at->parameter == parameter; ++at) {
      present |= resource.find(at->member) != nullptr;
    }
    if (!present) {
      sink.token(parameter, {}, "false");
    }
  }
}

}  // namespace

void extract_search_values(TypeNumber type, const json::Node& resource, SearchValueSink& sink) {
  if (type >= definitions::kTypeCount || !resource.is_object()) {
    return;
  }
  const definitions::TypeRow& row = definitions::kTypes[type];
  Extraction(sink).visit(row.root, resource);
  extract_absents(row, resource, sink);
}

}  // namespace continuum::fhir
