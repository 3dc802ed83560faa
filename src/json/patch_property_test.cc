// Random trees and random operations: a difference leads from one tree to the other, an inverse
// leads back, and what fails half-way leaves no trace.
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <random>

#include "json/patch.h"
#include "json/writer.h"

namespace continuum::json {
namespace {

using Random = std::mt19937;

constexpr int kRounds = 3000;
constexpr size_t kTreeDepthMax = 4;
constexpr size_t kOperationsMax = 12;
constexpr std::array<std::string_view, 9> kNames{"a",  "b", "",  "x/y",       "~",
                                                 "~1", "0", "-", "\xC3\xA9\""};
constexpr std::array<std::string_view, 10> kScalars{
    "null", "true", "false", "0", "1.0", "1", "-2.50e3", "\"\"", "\"t\\n\"", "\"1\""};

size_t below(Random& random, size_t bound) {
  return random() % bound;
}

std::string random_value(Random& random, size_t depth);

std::string random_array(Random& random, size_t depth) {
  std::string out = "[";
  for (size_t left = below(random, 4); left > 0; --left) {
    out.append(out.size() > 1 ? "," : "").append(random_value(random, depth + 1));
  }
  return out + "]";
}

std::string random_object(Random& random, size_t depth) {
  std::string out = "{";
  for (const std::string_view name : kNames) {
    if (below(random, 3) == 0) {
      out.append(out.size() > 1 ? "," : "").append(json::quoted(name)).append(":");
      out.append(random_value(random, depth + 1));
    }
  }
  return out + "}";
}

std::string random_value(Random& random, size_t depth) {
  const size_t kind = depth < kTreeDepthMax ? below(random, 3) : 2;
  return kind == 0   ? random_object(random, depth)
         : kind == 1 ? random_array(random, depth)
                     : std::string(kScalars[below(random, kScalars.size())]);
}

Document random_document(Random& random) {
  Document document;
  EXPECT_TRUE(
      document.parse(below(random, 2) == 0 ? random_object(random, 0) : random_array(random, 0)));
  return document;
}

Document copy_of(const Document& document) {
  Document out;
  out.set_root(out.copy(*document.root()));
  return out;
}

std::string child_path(const std::string& parent, std::string_view name) {
  std::string out = parent + "/";
  for (const char c : name) {
    out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return out;
}

std::string operation(std::string_view op, const std::string& path, const Node* value = nullptr) {
  std::string out = R"({"op":)" + json::quoted(op) + R"(,"path":)" + json::quoted(path);
  if (value != nullptr) {
    out += R"(,"value":)" + write(*value);
  }
  return out + "}";
}

std::string operation_from(std::string_view op, const std::string& from, const std::string& path) {
  return R"({"op":)" + json::quoted(op) + R"(,"from":)" + json::quoted(from) + R"(,"path":)" +
         json::quoted(path) + "}";
}

std::string joined(const std::vector<std::string>& operations) {
  std::string out = "[";
  for (const std::string& text : operations) {
    out.append(out.size() > 1 ? "," : "").append(text);
  }
  return out + "]";
}

Status run_patch(const std::vector<std::string>& operations, Document& document) {
  TRY(Patch patch, Patch::parse(joined(operations)));
  return patch.apply(document);
}

// --- a difference -----------------------------------------------------------------------------

void diff(const Node& a, const Node& b, const std::string& path, std::vector<std::string>& out);

void diff_objects(const Node& a, const Node& b, const std::string& path,
                  std::vector<std::string>& out) {
  for (const Node& member : children(a)) {
    const Node* match = b.find(member.key);
    const std::string inside = child_path(path, member.key);
    if (match == nullptr) {
      out.push_back(operation("remove", inside));
    } else {
      diff(member, *match, inside, out);
    }
  }
  for (const Node& member : children(b)) {
    if (a.find(member.key) == nullptr) {
      out.push_back(operation("add", child_path(path, member.key), &member));
    }
  }
}

void diff_arrays(const Node& a, const Node& b, const std::string& path,
                 std::vector<std::string>& out) {
  const size_t keep = std::min(a.child_count(), b.child_count());
  for (size_t i = a.child_count(); i > keep; --i) {
    out.push_back(operation("remove", child_path(path, std::to_string(i - 1))));
  }
  const Node* from = a.first;
  size_t index = 0;
  for (const Node& element : children(b)) {
    if (index < keep) {
      diff(*from, element, child_path(path, std::to_string(index)), out);
      from = from->next;
    } else {
      out.push_back(operation("add", child_path(path, index % 2 == 0 ? "-" : std::to_string(index)),
                              &element));
    }
    ++index;
  }
}

void diff(const Node& a, const Node& b, const std::string& path, std::vector<std::string>& out) {
  if (a.is_object() && b.is_object()) {
    diff_objects(a, b, path, out);
  } else if (a.is_array() && b.is_array()) {
    diff_arrays(a, b, path, out);
  } else if (!same_value(a, b)) {
    out.push_back(operation("replace", path, &b));
  }
}

TEST(JsonPatchProperty, ADifferenceLeadsFromOneTreeToTheOther) {
  size_t operations = 0;
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    Random random(seed);
    Document a = random_document(random);
    const Document b = random_document(random);
    std::vector<std::string> patch;
    diff(*a.root(), *b.root(), "", patch);
    operations += patch.size();
    patch.push_back(operation("test", "", b.root()));
    const Status done = run_patch(patch, a);
    ASSERT_TRUE(done) << "seed " << seed << ": " << done.error().text();
    ASSERT_TRUE(same_value(*a.root(), *b.root())) << "seed " << seed;
  }
  EXPECT_GT(operations, 2 * kRounds);
}

// --- random operations and their inverses -----------------------------------------------------

void collect(const Node& node, const std::string& path, std::vector<std::string>& out) {
  out.push_back(path);
  size_t index = 0;
  for (const Node& child : children(node)) {
    collect(child,
            child_path(path, node.is_array() ? std::to_string(index) : std::string(child.key)),
            out);
    ++index;
  }
}

std::vector<std::string> all_paths(const Document& document) {
  std::vector<std::string> out;
  collect(*document.root(), "", out);
  return out;
}

const std::string& one_of(Random& random, const std::vector<std::string>& paths) {
  return paths[below(random, paths.size())];
}

const Node* at(const Document& document, const std::string& path) {
  return Pointer::parse(path)->find(*document.root());
}

struct Target {
  std::string path;
  const Node* held = nullptr;  // what `add` would replace
};

// Where something may be added; nothing when a scalar was drawn.
std::optional<Target> random_target(Random& random, const Document& document) {
  const std::string parent_path = one_of(random, all_paths(document));
  const Node* parent = at(document, parent_path);
  if (parent->is_object()) {
    const std::string path = child_path(parent_path, kNames[below(random, kNames.size())]);
    return Target{path, at(document, path)};
  }
  if (parent->is_array()) {
    return Target{
        child_path(parent_path, std::to_string(below(random, parent->child_count() + 1)))};
  }
  return std::nullopt;
}

struct Step {
  std::vector<std::string> forward;
  std::vector<std::string> back;
};

std::string inverse_of_add(const Target& target) {
  return target.held != nullptr ? operation("replace", target.path, target.held)
                                : operation("remove", target.path);
}

std::optional<Step> random_add(Random& random, const Document& document) {
  auto target = random_target(random, document);
  if (!target) {
    return std::nullopt;
  }
  Document value;
  EXPECT_TRUE(value.parse("[" + random_value(random, 3) + "]"));
  return Step{{operation("add", target->path, value.root()->first)}, {inverse_of_add(*target)}};
}

std::optional<Step> random_copy(Random& random, const Document& document) {
  auto target = random_target(random, document);
  if (!target) {
    return std::nullopt;
  }
  return Step{{operation_from("copy", one_of(random, all_paths(document)), target->path)},
              {inverse_of_add(*target)}};
}

std::optional<Step> random_remove(Random& random, const Document& document) {
  const std::string path = one_of(random, all_paths(document));
  if (path.empty()) {
    return std::nullopt;
  }
  return Step{{operation("test", path, at(document, path)), operation("remove", path)},
              {operation("add", path, at(document, path))}};
}

std::optional<Step> random_replace(Random& random, const Document& document) {
  const std::string path = one_of(random, all_paths(document));
  Document value;
  EXPECT_TRUE(value.parse(random_array(random, 2)));
  return Step{{operation("replace", path, value.root())},
              {operation("replace", path, at(document, path))}};
}

// Among elements of one array, or to a name that is free: what a move back undoes.
std::optional<Step> random_move(Random& random, const Document& document) {
  const std::string parent = one_of(random, all_paths(document));
  const Node& node = *at(document, parent);
  if (node.is_array() && node.first != nullptr) {
    const size_t count = node.child_count();
    const std::string from = child_path(parent, std::to_string(below(random, count)));
    const std::string path = child_path(parent, std::to_string(below(random, count)));
    return Step{{operation_from("move", from, path)}, {operation_from("move", path, from)}};
  }
  const std::string from = one_of(random, all_paths(document));
  const std::string path = child_path(parent, kNames[below(random, kNames.size())]);
  const bool is_inside = Pointer::parse(from)->encloses(*Pointer::parse(path)) || from == path;
  // An array on the way to one is renumbered when the other goes: left to the case files.
  const bool has_array = (parent + from).find_first_of("0123456789") != std::string::npos;
  if (from.empty() || !node.is_object() || is_inside || has_array ||
      at(document, path) != nullptr) {
    return std::nullopt;
  }
  return Step{{operation_from("move", from, path)}, {operation_from("move", path, from)}};
}

std::optional<Step> random_step(Random& random, const Document& document) {
  switch (below(random, 5)) {
    case 0:
      return random_add(random, document);
    case 1:
      return random_copy(random, document);
    case 2:
      return random_remove(random, document);
    case 3:
      return random_replace(random, document);
    default:
      return random_move(random, document);
  }
}

// Operations that fit `document` one after the other, applied to it one by one.
Step random_steps(Random& random, Document& document) {
  Step all;
  for (size_t left = 1 + below(random, kOperationsMax); left > 0; --left) {
    auto step = random_step(random, document);
    if (!step) {
      continue;
    }
    const Status done = run_patch(step->forward, document);
    EXPECT_TRUE(done) << joined(step->forward) << ": " << done.error().text();
    all.forward.insert(all.forward.end(), step->forward.begin(), step->forward.end());
    all.back.insert(all.back.begin(), step->back.begin(), step->back.end());
  }
  return all;
}

TEST(JsonPatchProperty, AnInverseLeadsBack) {
  size_t operations = 0;
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Document start = random_document(random);
    Document one_by_one = copy_of(start);
    const Step steps = random_steps(random, one_by_one);
    Document at_once = copy_of(start);
    ASSERT_TRUE(run_patch(steps.forward, at_once)) << joined(steps.forward);
    ASSERT_EQ(write(*at_once.root()), write(*one_by_one.root())) << joined(steps.forward);
    ASSERT_TRUE(run_patch(steps.back, at_once)) << joined(steps.back);
    ASSERT_TRUE(same_value(*at_once.root(), *start.root())) << joined(steps.forward);
    operations += steps.forward.size();
  }
  EXPECT_GT(operations, 2 * kRounds);
}

TEST(JsonPatchProperty, AFailureLeavesNoTrace) {
  const std::array<std::string, 5> failing{
      R"({"op":"test","path":"","value":"never"})", R"({"op":"remove","path":"/no/such"})",
      R"({"op":"copy","from":"/no","path":""})", R"({"op":"move","from":"/no/such","path":"/a"})",
      R"({"op":"add","path":"/no/such","value":1})"};
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Document document = random_document(random);
    const Node* root = document.root();
    const std::string before = write(*root);
    Document tried = copy_of(document);
    std::vector<std::string> patch = random_steps(random, tried).forward;
    const size_t where = below(random, patch.size() + 1);
    patch.insert(patch.begin() + static_cast<std::ptrdiff_t>(where),
                 failing[below(random, failing.size())]);
    const Status done = run_patch(patch, document);
    ASSERT_FALSE(done) << joined(patch);
    ASSERT_EQ(done.error().details.at(0).where.find("[" + std::to_string(where) + "]"), 0U);
    ASSERT_EQ(document.root(), root);
    ASSERT_EQ(write(*root), before) << joined(patch);
  }
}

}  // namespace
}  // namespace continuum::json
