#include "fhir/structure.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstring>
#include <optional>

#include "fhir/limits.h"
#include "fhir/reference.h"
#include "fhir/structure_tables.h"
#include "fhir/types.h"

namespace continuum::fhir {
namespace {

using json::Kind;
using json::Node;
using structures::CodeSet;
using structures::Element;
using structures::find_member;
using structures::kNoMember;
using structures::Member;
using structures::name_of;
using structures::Shape;

std::string_view code_text(const structures::Code& code) {
  return {structures::kCodeTexts + code.text, code.size};
}

bool has_code(const CodeSet& set, std::string_view code) {
  const structures::Code* first = structures::kCodes + set.codes_first;
  const structures::Code* last = first + set.codes_count;
  const structures::Code* at = std::lower_bound(
      first, last, code,
      [](const structures::Code& row, std::string_view text) { return code_text(row) < text; });
  return at != last && code_text(*at) == code;
}

bool has_target(const structures::TargetSet& set, TypeNumber type) {
  return (set.bits[type / 64] >> (type % 64) & 1) != 0;
}

// "a, b, c and 5 more", of those asked for by number.
template <typename NameAt>
std::string list_names(size_t count, NameAt name_at) {
  std::string out;
  const size_t listed = std::min(count, kStructureNamesListedMax);
  for (size_t i = 0; i < listed; ++i) {
    out += i == 0 ? "" : ", ";
    out += name_at(i);
  }
  if (listed < count) {
    out += " and " + std::to_string(count - listed) + " more";
  }
  return out;
}

std::string list_codes(const CodeSet& set) {
  return list_names(set.codes_count,
                    [&](size_t i) { return code_text(structures::kCodes[set.codes_first + i]); });
}

std::string list_members(const Shape& shape) {
  return list_names(shape.members_count, [&](size_t i) {
    return name_of(structures::kMembers[shape.members_first + i]);
  });
}

std::string list_targets(const structures::TargetSet& set) {
  std::vector<TypeNumber> types;
  for (size_t type = 0; type < type_count(); ++type) {
    if (has_target(set, static_cast<TypeNumber>(type))) {
      types.push_back(static_cast<TypeNumber>(type));
    }
  }
  return list_names(types.size(), [&](size_t i) { return type_name(types[i]); });
}

// The sibling's value is there: it needs nothing itself but to be no empty object.
enum class Content : uint8_t { kNeeded, kElsewhere };

enum class Standing : uint8_t { kElement, kResource, kContained };

// What was met among the members of one object.
struct Seen {
  std::bitset<kNoMember> values;
  std::bitset<kNoMember> siblings;
  std::bitset<kNoMember> elements;
};

// One check: the walk, and the way from the root to where it stands.
class Check {
 public:
  explicit Check(StructureReport& report) : report_(report) {}

  void resource(const Node& node, Standing standing) {
    if (!node.is_object()) {
      return tell(StructureFault::kStructure, "a resource is a JSON object");
    }
    const Node* name = node.find("resourceType");
    if (name == nullptr) {
      return tell_missing("resourceType", "a resource says its resourceType");
    }
    const auto type = name->is_string() ? type_number(name->text) : std::nullopt;
    if (!type) {
      return tell_inside("resourceType", number_of(node, *name), "no resource type of R4");
    }
    if (depth_ == 0) {
      root_ = type_name(*type);
    }
    members(node, structures::kShapes[*type], standing, Content::kElsewhere);
  }

 private:
  struct Step {
    std::string_view name;  // of the element; empty where R4 knows none
    uint32_t member = 0;
    std::optional<uint32_t> item = {};
  };
  // Where a value stands among its siblings.
  struct Slot {
    const Node& object;
    const Member& member;
    const Element& element;
  };

  void members(const Node& object, const Shape& shape, Standing standing, Content content) {
    if (depth_ == kStructureDepthMax) {
      return tell(StructureFault::kStructure, "elements are nested too deeply");
    }
    // SAFETY: what looks for one member in all others is quick on what is left.
    if (object.child_count() > size_t{2} * shape.members_count + kStructureIssuesMax) {
      return tell(StructureFault::kStructure, "an object has more members than R4 defines for it");
    }
    Seen seen;
    bool has_content = content == Content::kElsewhere && object.first != nullptr;
    size_t types = 0;
    Step& step = steps_[depth_++];
    step = Step{};
    for (const Node& child : json::children(object)) {
      if (report_.truncated) {
        break;
      }
      step.name = {};
      step.item.reset();
      has_content = has_content || child.key != "id";
      if (standing != Standing::kElement && child.key == "resourceType") {
        if (++types > 1) {
          tell(StructureFault::kStructure, "a member is there twice");
        }
      } else {
        member(object, child, shape, standing, seen);
      }
      ++step.member;
    }
    --depth_;
    if (report_.truncated) {
      return;
    }
    if (!has_content) {
      tell(StructureFault::kStructure, object.first == nullptr
                                           ? "an object is empty"
                                           : "an element has neither a value nor elements but id");
    }
    missing_elements(shape, seen);
    if (&shape == structures::kShapes + structures::kExtensionShape) {
      extension(shape, seen);
    }
  }

  void member(const Node& object, const Node& child, const Shape& shape, Standing standing,
              Seen& seen) {
    const bool is_sibling = child.key.starts_with('_');
    const uint8_t number = find_member(shape, child.key.substr(is_sibling ? 1 : 0));
    if (number == kNoMember) {
      return tell_unknown(shape);
    }
    const Member& row = structures::kMembers[shape.members_first + number];
    if (is_sibling && (!is_primitive(row.kind) || row.attribute)) {
      return tell_unknown(shape);
    }
    const Element& element = structures::kElements[shape.elements_first + row.element];
    steps_[depth_ - 1].name = name_of(element);
    auto& here = is_sibling ? seen.siblings : seen.values;
    if (here.test(number)) {
      return tell(StructureFault::kStructure, "a member is there twice");
    }
    const bool is_other_type =
        seen.elements.test(row.element) && !seen.values.test(number) && !seen.siblings.test(number);
    here.set(number);
    seen.elements.set(row.element);
    if (is_other_type) {
      return tell(StructureFault::kStructure, "there may be only one type of a choice");
    }
    if (row.kind == ValueKind::kContained && standing == Standing::kContained) {
      return tell(StructureFault::kStructure, "a contained resource contains no resources itself");
    }
    const Slot slot{object, row, element};
    return is_sibling ? sibling(child, slot) : value(child, slot);
  }

  // --- values ---

  void value(const Node& node, const Slot& slot) {
    if (!slot.element.many) {
      return node.is_array()
                 ? tell(StructureFault::kStructure, "the element does not repeat: it is no array")
                 : item(node, slot);
    }
    if (!node.is_array()) {
      return tell(StructureFault::kStructure, "the element may repeat: it is always an array");
    }
    if (node.first == nullptr) {
      return tell(StructureFault::kStructure, "an array is empty");
    }
    const Node* counterpart = nullptr;
    bool looked = false;
    uint32_t index = 0;
    for (const Node& child : json::children(node)) {
      if (report_.truncated) {
        return;
      }
      steps_[depth_ - 1].item = index;
      if (child.kind == Kind::kNull && is_primitive(slot.member.kind)) {
        if (!looked) {
          looked = true;
          counterpart = sibling_array_from(slot, index);
        }
        if (counterpart == nullptr || counterpart->kind == Kind::kNull) {
          tell(StructureFault::kStructure,
               "null stands only where the sibling array has an element");
        }
      } else {
        item(child, slot);
      }
      ++index;
      counterpart = counterpart == nullptr ? nullptr : counterpart->next;
    }
  }

  // The item of that number of the array of `_name`, or null.
  static const Node* sibling_array_from(const Slot& slot, uint32_t index) {
    const Node* array = find_sibling(slot);
    const Node* at = array != nullptr && array->is_array() ? array->first : nullptr;
    for (uint32_t i = 0; i < index && at != nullptr; ++i) {
      at = at->next;
    }
    return at;
  }

  static const Node* find_sibling(const Slot& slot) {
    const std::string_view name = name_of(slot.member);
    for (const Node& child : json::children(slot.object)) {
      if (child.key.starts_with('_') && child.key.substr(1) == name) {
        return &child;
      }
    }
    return nullptr;
  }

  void item(const Node& node, const Slot& slot) {
    const Member& row = slot.member;
    if (is_primitive(row.kind)) {
      return primitive(node, row);
    }
    if (row.kind != ValueKind::kComplex) {
      return resource(
          node, row.kind == ValueKind::kContained ? Standing::kContained : Standing::kResource);
    }
    if (!node.is_object()) {
      return tell(StructureFault::kStructure, "the element is a JSON object");
    }
    members(node, structures::kShapes[row.shape], Standing::kElement, Content::kNeeded);
    if (row.argument == 0 || report_.truncated) {
      return;
    }
    if (row.shape == structures::kReferenceShape) {
      reference(node, structures::kTargetSets[row.argument - 1]);
    } else {
      codeable_concept(node, structures::kCodeSets[row.argument - 1]);
    }
  }

  static bool has_form(const Node& node, JsonForm form) {
    switch (form) {
      case JsonForm::kString:
        return node.is_string();
      case JsonForm::kNumber:
        return node.is_number();
      case JsonForm::kBoolean:
        return node.kind == Kind::kTrue || node.kind == Kind::kFalse;
    }
    return false;
  }

  void primitive(const Node& node, const Member& row) {
    if (!has_form(node, json_form(row.kind))) {
      return tell(StructureFault::kStructure, "no " + std::string(form_rule(row.kind)));
    }
    if (!is_valid_primitive(row.kind, node)) {
      return tell(StructureFault::kValue, "no " + std::string(form_rule(row.kind)));
    }
    if (row.argument != 0 && !has_code(structures::kCodeSets[row.argument - 1], node.text)) {
      tell(StructureFault::kCodeInvalid,
           "the code must be one of " + list_codes(structures::kCodeSets[row.argument - 1]));
    }
  }

  // --- siblings: the id and the extensions of a primitive ---

  void sibling(const Node& node, const Slot& slot) {
    const Node* counterpart = slot.object.find(name_of(slot.member));
    if (!slot.element.many) {
      return sibling_item(node, counterpart != nullptr ? Content::kElsewhere : Content::kNeeded);
    }
    if (!node.is_array() || node.first == nullptr) {
      return tell(StructureFault::kStructure,
                  "the sibling of an element that may repeat is an array, not empty");
    }
    const bool paired = counterpart != nullptr && counterpart->is_array();
    if (paired && node.child_count() != counterpart->child_count()) {
      return tell(StructureFault::kStructure, "the array and its sibling are not of one length");
    }
    const Node* other = paired ? counterpart->first : nullptr;
    uint32_t index = 0;
    for (const Node& child : json::children(node)) {
      if (report_.truncated) {
        return;
      }
      steps_[depth_ - 1].item = index++;
      const bool has_value = other != nullptr && other->kind != Kind::kNull;
      if (child.kind != Kind::kNull) {
        sibling_item(child, has_value ? Content::kElsewhere : Content::kNeeded);
      } else if (!paired) {
        tell(StructureFault::kStructure, "null stands only where the array has a value");
      }
      other = other == nullptr ? nullptr : other->next;
    }
  }

  void sibling_item(const Node& node, Content content) {
    if (!node.is_object()) {
      return tell(StructureFault::kStructure,
                  "the sibling of a primitive is an object of id and extension");
    }
    members(node, structures::kShapes[structures::kElementShape], Standing::kElement, content);
  }

  // --- rules of one type ---

  void missing_elements(const Shape& shape, const Seen& seen) {
    for (size_t i = 0; i < shape.required_count; ++i) {
      if (!seen.elements.test(i)) {
        const Element& element = structures::kElements[shape.elements_first + i];
        tell_missing(name_of(element), element.choice
                                           ? "the element is required, in one of its types"
                                           : "the element is required");
      }
    }
  }

  void extension(const Shape& shape, const Seen& seen) {
    bool has_value = false;
    for (size_t i = 0; i < shape.elements_count; ++i) {
      has_value = has_value ||
                  (structures::kElements[shape.elements_first + i].choice && seen.elements.test(i));
    }
    const uint8_t inner = find_member(shape, "extension");
    if (has_value == seen.values.test(inner)) {
      tell(StructureFault::kStructure, has_value
                                           ? "an extension has a value or extensions, not both"
                                           : "an extension has a value or extensions");
    }
  }

  void reference(const Node& node, const structures::TargetSet& targets) {
    uint32_t number = 0;
    for (const Node& child : json::children(node)) {
      std::optional<TypeNumber> type;
      if (child.is_string() && child.key == "reference") {
        type = parse_reference(child.text).type;
      } else if (child.is_string() && child.key == "type") {
        type = type_number(child.text);
      }
      if (type && !has_target(targets, *type)) {
        tell_inside(child.key == "type" ? "type" : "reference", number,
                    "the reference may name " + list_targets(targets));
      }
      ++number;
    }
  }

  void codeable_concept(const Node& node, const CodeSet& set) {
    const std::string_view system(structures::kCodeTexts + set.system, set.system_size);
    const Node* codings = node.find("coding");
    if (codings == nullptr && node.find("text") == nullptr) {
      return;  // extensions say why there is none
    }
    if (codings != nullptr) {
      for (const Node& coding : json::children(*codings)) {
        if (coding.string("system") == system && has_code(set, coding.string("code"))) {
          return;
        }
      }
    }
    tell(StructureFault::kCodeInvalid, "one coding must be of " + std::string(system) +
                                           ", with one of the codes " + list_codes(set));
  }

  // --- telling ---

  static uint32_t number_of(const Node& object, const Node& wanted) {
    uint32_t number = 0;
    for (const Node& child : json::children(object)) {
      if (&child == &wanted) {
        break;
      }
      ++number;
    }
    return number;
  }

  void tell_unknown(const Shape& shape) {
    tell(StructureFault::kStructure,
         "R4 defines no such element here; it allows " + list_members(shape));
  }

  void tell_missing(std::string_view name, std::string message) {
    tell(StructureFault::kRequired, std::move(message));
    if (!report_.issues.empty() && !report_.truncated) {
      report_.issues.back().expression.append(".").append(name);
    }
  }

  void tell_inside(std::string_view name, uint32_t number, std::string message) {
    if (depth_ == kStructureDepthMax) {
      return tell(StructureFault::kStructure, std::move(message));
    }
    steps_[depth_++] = {name, number, std::nullopt};
    tell(StructureFault::kStructure, std::move(message));
    --depth_;
  }

  void tell(StructureFault fault, std::string message) {
    if (report_.issues.size() >= kStructureIssuesMax) {
      report_.truncated = true;
      return;
    }
    StructureIssue& issue = report_.issues.emplace_back();
    issue.fault = fault;
    issue.message = std::move(message);
    issue.expression = root_;
    for (size_t i = 0; i < depth_; ++i) {
      const Step& step = steps_[i];
      issue.place.push_back(step.member);
      if (!step.name.empty()) {
        issue.expression.append(".").append(step.name);
      }
      if (step.item) {
        issue.place.push_back(*step.item);
        issue.expression.append("[").append(std::to_string(*step.item)).append("]");
      }
    }
  }

  StructureReport& report_;
  std::string_view root_ = "Resource";
  std::array<Step, kStructureDepthMax> steps_;
  size_t depth_ = 0;
};

}  // namespace

std::string_view to_string(StructureFault fault) {
  switch (fault) {
    case StructureFault::kStructure:
      return "structure";
    case StructureFault::kRequired:
      return "required";
    case StructureFault::kValue:
      return "value";
    case StructureFault::kCodeInvalid:
      return "code-invalid";
  }
  return "structure";
}

void check_structure(const json::Node& resource, StructureReport& report) {
  report.issues.clear();
  report.truncated = false;
  Check(report).resource(resource, Standing::kResource);
  // What an object lacks is found after what stands in it.
  std::stable_sort(report.issues.begin(), report.issues.end(),
                   [](const auto& a, const auto& b) { return a.place < b.place; });
}

void locate_issues(std::string_view text, StructureReport& report) {
  std::vector<json::Place> places;
  for (const StructureIssue& issue : report.issues) {
    places.push_back(issue.place);
  }
  const std::vector<json::Position> positions = json::locate(text, places);
  for (size_t i = 0; i < positions.size(); ++i) {
    report.issues[i].position = positions[i];
  }
}

std::vector<Issue> outcome_issues(const StructureReport& report, Severity severity) {
  std::vector<Issue> out;
  for (const StructureIssue& issue : report.issues) {
    Issue& row = out.emplace_back();
    row.severity = severity;
    row.code = to_string(issue.fault);
    row.diagnostics = issue.message;
    if (issue.position.line != 0) {
      row.diagnostics += " (line " + std::to_string(issue.position.line) + " column " +
                         std::to_string(issue.position.column) + ")";
    }
    row.expression = {issue.expression};
  }
  return out;
}

}  // namespace continuum::fhir
