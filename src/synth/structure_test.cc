// Every synthetic resource is sound, and none stays so when one thing in it is damaged.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "fhir/structure.h"
#include "fhir/types.h"
#include "json/document.h"
#include "json/writer.h"
#include "synth/region.h"

namespace continuum::synth {
namespace {

using json::Document;
using json::Node;

constexpr uint32_t kPeople = 60;
constexpr size_t kMutationsEach = 4;

void for_each_bundle(uint32_t people, const std::function<void(std::string_view)>& each) {
  auto made = Generator::create({.people = people});
  ASSERT_TRUE(made);
  for (size_t source = 0; source < kSourceCount; ++source) {
    each(made->organisations(source));
  }
  PersonBundles person;
  for (uint32_t index = 0; index < people; ++index) {
    made->write_person(index, person);
    for (const SourcePatient& patient : person.patients) {
      each(patient.bundle);
    }
  }
}

std::string first_line(const fhir::StructureReport& report) {
  return report.issues.empty()
             ? "sound"
             : report.issues.front().expression + ": " + report.issues.front().message;
}

TEST(Structure, EverySyntheticBundleIsSound) {
  size_t bundles = 0;
  for_each_bundle(kPeople, [&](std::string_view text) {
    Document document;
    ASSERT_TRUE(document.parse(text));
    fhir::StructureReport report;
    fhir::check_structure(*document.root(), report);
    EXPECT_TRUE(report.issues.empty()) << first_line(report);
    ++bundles;
  });
  EXPECT_GT(bundles, kPeople);
}

// A value of the tree, and the FHIRPath of its element.
struct Spot {
  Node* parent = nullptr;
  Node* node = nullptr;
  std::string path;
  std::string parent_path;
};

// The choices that the synthetic resources use: their expression has no type.
std::string element_of(std::string_view member) {
  for (std::string_view choice : {"abatement", "deceased", "doseNumber", "effective", "medication",
                                  "occurrence", "onset", "performed", "value"}) {
    if (member.starts_with(choice) && member.size() > choice.size() &&
        member[choice.size()] >= 'A' && member[choice.size()] <= 'Z') {
      return std::string(choice);
    }
  }
  return std::string(member);
}

void collect(Node& node, const std::string& path, std::vector<Spot>& out) {
  for (Node& child : json::children(node)) {
    if (child.key == "resourceType") {
      continue;
    }
    const std::string inside = path + "." + element_of(child.key);
    out.push_back({&node, &child, inside, path});
    if (!child.is_array()) {
      collect(child, inside, out);
      continue;
    }
    size_t index = 0;
    for (Node& item : json::children(child)) {
      const std::string at = inside + "[" + std::to_string(index++) + "]";
      out.push_back({&child, &item, at, inside});
      collect(item, at, out);
    }
  }
}

// Damages what it can, and then says at which element that shows.
using Mutation = std::function<std::optional<std::string>(Document&, const Spot&)>;

bool is_item(const Spot& spot) {
  return spot.parent->is_array();
}

std::optional<std::string> unknown_member(Document& document, const Spot& spot) {
  if (!spot.node->is_object()) {
    return std::nullopt;
  }
  Document::append(*spot.node, *document.make_string("nothingOfR4", "x"));
  return spot.path;
}

std::optional<std::string> null_value(Document&, const Spot& spot) {
  spot.node->kind = json::Kind::kNull;
  spot.node->first = nullptr;
  spot.node->text = {};
  return spot.path;
}

std::optional<std::string> emptied(Document&, const Spot& spot) {
  if (spot.node->first == nullptr && !spot.node->is_string()) {
    return std::nullopt;
  }
  spot.node->first = nullptr;
  spot.node->text = {};
  return spot.path;
}

std::optional<std::string> wrapped_in_array(Document& document, const Spot& spot) {
  if (spot.node->is_array()) {
    return std::nullopt;
  }
  Node* copy = document.copy(*spot.node);
  copy->key = {};
  spot.node->kind = json::Kind::kArray;
  spot.node->text = {};
  spot.node->first = copy;
  return spot.path;
}

std::optional<std::string> taken_out_of_array(Document&, const Spot& spot) {
  if (!spot.node->is_array() || spot.node->first == nullptr) {
    return std::nullopt;
  }
  const Node inner = *spot.node->first;
  spot.node->kind = inner.kind;
  spot.node->text = inner.text;
  spot.node->first = inner.first;
  return spot.path;
}

std::optional<std::string> number_for_text(Document&, const Spot& spot) {
  if (!spot.node->is_string()) {
    return std::nullopt;
  }
  spot.node->kind = json::Kind::kNumber;
  spot.node->text = "7";
  return spot.path;
}

std::optional<std::string> text_for_number(Document& document, const Spot& spot) {
  if (spot.node->kind != json::Kind::kNumber && spot.node->kind != json::Kind::kTrue &&
      spot.node->kind != json::Kind::kFalse) {
    return std::nullopt;
  }
  spot.node->kind = json::Kind::kString;
  document.set_text(*spot.node, "7");
  return spot.path;
}

std::optional<std::string> bad_date(Document& document, const Spot& spot) {
  const std::string_view text = spot.node->text;
  const bool is_date = spot.node->is_string() && text.size() >= 10 && text[4] == '-' &&
                       text[7] == '-' && (text.size() == 10 || text[10] == 'T') &&
                       text.find_first_not_of("0123456789-:.TZ+") == std::string_view::npos;
  if (!is_date || is_item(spot)) {
    return std::nullopt;
  }
  for (std::string_view free : {"value", "display", "text", "code"}) {
    if (spot.node->key == free) {
      return std::nullopt;
    }
  }
  document.set_text(*spot.node,
                    std::string(text.substr(0, 5)) + "13" + std::string(text.substr(7)));
  return spot.path;
}

std::optional<std::string> unknown_code(Document& document, const Spot& spot) {
  const bool is_bound =
      spot.node->key == "use" || spot.node->key == "gender" ||
      (spot.node->key == "status" && spot.parent_path.find('.') == std::string::npos) ||
      spot.node->key == "intent";
  if (!spot.node->is_string() || !is_bound) {
    return std::nullopt;
  }
  document.set_text(*spot.node, "nothing-of-r4");
  return spot.path;
}

std::optional<std::string> sibling_of_nothing(Document& document, const Spot& spot) {
  if (!spot.node->is_object()) {
    return std::nullopt;
  }
  Node* sibling = document.make_object("_nothingOfR4");
  Document::append(*sibling, *document.make_string("id", "a"));
  Document::append(*spot.node, *sibling);
  return spot.path;
}

std::optional<std::string> null_beside_items(Document& document, const Spot& spot) {
  if (!spot.node->is_array()) {
    return std::nullopt;
  }
  const std::string at = spot.path + "[" + std::to_string(spot.node->child_count()) + "]";
  Node* nothing = document.make_bool({}, true);
  nothing->kind = json::Kind::kNull;
  Document::append(*spot.node, *nothing);
  return at;
}

std::optional<std::string> bad_extension(Document& document, const Spot& spot) {
  if (!spot.node->is_object() || spot.node->find("extension") != nullptr) {
    return std::nullopt;
  }
  Node* list = document.make_array("extension");
  Node* extension = document.make_object();
  Document::append(*extension, *document.make_string("url", "urn:x"));
  Document::append(*list, *extension);
  Document::append(*spot.node, *list);
  return spot.path + ".extension[0]";
}

std::optional<std::string> spaced_uri(Document& document, const Spot& spot) {
  if (!spot.node->is_string() || (spot.node->key != "system" && spot.node->key != "url") ||
      spot.path.find("telecom") != std::string::npos) {
    return std::nullopt;
  }
  document.set_text(*spot.node, "urn: x");
  return spot.path;
}

std::optional<std::string> other_target(Document& document, const Spot& spot) {
  const bool any = spot.parent_path == "QuestionnaireResponse";
  if (!spot.node->is_object() || spot.node->key != "subject" || any) {
    return std::nullopt;
  }
  Node* reference = spot.node->find("reference");
  if (reference == nullptr) {
    return std::nullopt;
  }
  document.set_text(*reference, "StructureMap/1");
  return spot.path + ".reference";
}

// R4 requires it of all synthetic types that have it, but these.
std::optional<std::string> status_missing(Document&, const Spot& spot) {
  const bool optional = spot.parent_path == "Location" || spot.parent_path == "CodeSystem";
  if (spot.node->key != "status" || spot.parent_path.find('.') != std::string::npos || optional) {
    return std::nullopt;
  }
  Document::remove(*spot.parent, *spot.node);
  return spot.path;
}

std::optional<std::string> second_choice(Document& document, const Spot& spot) {
  if (is_item(spot) || !spot.path.ends_with(".value") || spot.node->key == "value" ||
      spot.node->key == "valueBoolean") {
    return std::nullopt;
  }
  Document::append(*spot.parent, *document.make_bool("valueBoolean", true));
  return spot.path;
}

const std::map<std::string, Mutation> kMutations = {
    {"unknown member", unknown_member},
    {"null", null_value},
    {"emptied", emptied},
    {"wrapped in an array", wrapped_in_array},
    {"taken out of its array", taken_out_of_array},
    {"a number for a text", number_for_text},
    {"a text for a number", text_for_number},
    {"a date of the 13th month", bad_date},
    {"an unknown code", unknown_code},
    {"a sibling of nothing", sibling_of_nothing},
    {"a null among items", null_beside_items},
    {"an extension of nothing", bad_extension},
    {"a uri with a space", spaced_uri},
    {"a reference to another type", other_target},
    {"no status", status_missing},
    {"two types of a choice", second_choice},
};

class Damage {
 public:
  explicit Damage(uint64_t seed) : random_(seed) {}

  // One mutation of one spot of the resource, which stays as it was.
  void damage(const Node& resource) {
    Document document;
    Node* copy = document.copy(resource);
    copy->key = {};
    document.set_root(copy);
    std::vector<Spot> spots;
    collect(*copy, std::string(copy->string("resourceType")), spots);
    ASSERT_FALSE(spots.empty());
    auto mutation = kMutations.begin();
    std::advance(mutation, static_cast<std::ptrdiff_t>(random_() % kMutations.size()));
    const size_t from = random_() % spots.size();
    for (size_t i = 0; i < spots.size(); ++i) {
      const Spot& spot = spots[(from + i) % spots.size()];
      if (auto path = mutation->second(document, spot); path) {
        ++counts_[mutation->first];
        return expect_refused(mutation->first, *copy, *path);
      }
    }
  }

  const std::map<std::string, size_t>& counts() const { return counts_; }

 private:
  static void expect_refused(const std::string& what, const Node& resource,
                             const std::string& path) {
    fhir::StructureReport report;
    fhir::check_structure(resource, report);
    std::set<std::string> told;
    for (const fhir::StructureIssue& issue : report.issues) {
      told.insert(issue.expression);
    }
    EXPECT_TRUE(told.contains(path))
        << what << " at " << path << " gave " << testing::PrintToString(told);
  }

  std::mt19937_64 random_;
  std::map<std::string, size_t> counts_;
};

TEST(Structure, DamageIsRefusedWhereItIs) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Damage damage(seed);
  std::set<std::string> types;
  for_each_bundle(kPeople, [&](std::string_view text) {
    Document document;
    ASSERT_TRUE(document.parse(text));
    for (const Node& entry : json::children(*document.root()->find("entry"))) {
      const Node& resource = *entry.find("resource");
      types.insert(std::string(resource.string("resourceType")));
      for (size_t i = 0; i < kMutationsEach; ++i) {
        damage.damage(resource);
      }
    }
  });
  EXPECT_GT(types.size(), 15u);
  for (const auto& [name, mutation] : kMutations) {
    EXPECT_TRUE(damage.counts().contains(name)) << name << " was never done";
  }
}

}  // namespace
}  // namespace continuum::synth
