#include <algorithm>
#include <limits>
#include <string>

#include "json/number.h"
#include "json/patch.h"
#include "json/writer.h"

namespace continuum::json {
namespace {

// Counts what is looked at, so that no patch keeps a thread for long.
class Steps {
 public:
  explicit Steps(uint64_t max) : max_(max) {}
  void add(uint64_t count) { count_ += count; }
  bool are_spent() const { return count_ > max_; }
  uint64_t& count() { return count_; }

 private:
  uint64_t count_ = 0;
  uint64_t max_;
};

std::vector<const Node*> by_name(const Node& object) {
  std::vector<const Node*> members;
  for (const Node& member : children(object)) {
    members.push_back(&member);
  }
  std::sort(members.begin(), members.end(),
            [](const Node* a, const Node* b) { return a->key < b->key; });
  return members;
}

bool is_same(const Node& a, const Node& b, Steps& steps);

bool has_same_members(const Node& a, const Node& b, Steps& steps) {
  const auto first = by_name(a);
  const auto second = by_name(b);
  return std::equal(
      first.begin(), first.end(), second.begin(), second.end(),
      [&](const Node* x, const Node* y) { return x->key == y->key && is_same(*x, *y, steps); });
}

bool has_same_elements(const Node& a, const Node& b, Steps& steps) {
  const Node* other = b.first;
  for (const Node& element : children(a)) {
    if (other == nullptr || !is_same(element, *other, steps)) {
      return false;
    }
    other = other->next;
  }
  return other == nullptr;
}

// False as well when the steps are spent.
bool is_same(const Node& a, const Node& b, Steps& steps) {
  steps.add(1);
  if (a.kind != b.kind || steps.are_spent()) {
    return false;
  }
  switch (a.kind) {
    case Kind::kNull:
    case Kind::kFalse:
    case Kind::kTrue:
      return true;
    case Kind::kString:
      return a.text == b.text;
    case Kind::kNumber:
      steps.add((a.text.size() + b.text.size()) / kDigitsAStep);
      return same_number(a.text, b.text);
    case Kind::kArray:
      return has_same_elements(a, b, steps);
    case Kind::kObject:
      return has_same_members(a, b, steps);
  }
  return false;
}

struct Size {
  size_t weight = 0;
  size_t height = 0;  // levels of arrays and objects
};

// Stops early when the steps are spent.
Size measure(const Node& node, Steps& steps) {
  steps.add(1);
  Size size{.weight = kValueWeight + node.key.size() + node.text.size()};
  for (const Node& child : children(node)) {
    if (steps.are_spent()) {
      break;
    }
    const Size inside = measure(child, steps);
    size.weight += inside.weight;
    size.height = std::max(size.height, inside.height);
  }
  size.height += node.is_object() || node.is_array() ? 1 : 0;
  return size;
}

// Applies operations to a tree one by one and remembers how to go back. Every change is a node
// taken off a link or put onto one; undone in reverse order, each link holds again what it held
// then.
class Applier {
 public:
  Applier(Document& document, const PatchLimits& limits)
      : document_(document), limits_(limits), root_(document.root()), steps_(limits.steps_max) {}

  Status run(const std::vector<PatchOperation>& operations) {
    for (const PatchOperation& operation : operations) {
      Status done = run(operation);
      if (steps_.are_spent()) {
        done = too_large("path", "the patch has looked at more than " +
                                     std::to_string(limits_.steps_max) + " values; split it");
      }
      if (!done) {
        undo();
        return done;
      }
      ++index_;
    }
    document_.set_root(root_);
    return {};
  }

 private:
  struct Change {
    enum class Kind : uint8_t { kTaken, kPut };
    Kind kind;
    Link link;
    Node* node;
    std::string_view key;  // before the change
  };

  Status run(const PatchOperation& operation) {
    switch (operation.op) {
      case PatchOp::kAdd:
        return insert_copy(operation.path, *operation.value);
      case PatchOp::kRemove:
        return remove(operation.path);
      case PatchOp::kReplace:
        return replace(operation.path, *operation.value);
      case PatchOp::kMove:
        return move(operation.from, operation.path);
      case PatchOp::kCopy:
        return copy(operation.from, operation.path);
      case PatchOp::kTest:
        return test(operation.path, *operation.value);
    }
    return {};
  }

  Status remove(const Pointer& path) {
    const Link link = find(path, path.tokens().size());
    if (link == nullptr) {
      return leads_nowhere("path", path);
    }
    take(link);
    return {};
  }

  Status replace(const Pointer& path, const Node& value) {
    const Link link = find(path, path.tokens().size());
    if (link == nullptr) {
      return leads_nowhere("path", path);
    }
    TRY(Node * fresh, make_copy(path, value));
    const std::string_view key = take(link).key;
    put(link, *fresh, key);
    return {};
  }

  Status move(const Pointer& from, const Pointer& path) {
    const Link link = find(from, from.tokens().size());
    if (link == nullptr) {
      return leads_nowhere("from", from);
    }
    if (from == path) {
      return {};
    }
    TRY(check_depth(path, measure(**link, steps_)));
    return insert(path, take(link));
  }

  Status copy(const Pointer& from, const Pointer& path) {
    const Link link = find(from, from.tokens().size());
    if (link == nullptr) {
      return leads_nowhere("from", from);
    }
    return insert_copy(path, **link);
  }

  Status test(const Pointer& path, const Node& value) {
    const Link link = find(path, path.tokens().size());
    if (link == nullptr || !is_same(**link, value, steps_)) {
      return fail(ErrorCode::kPreconditionFailed,
                  "a test of the JSON Patch does not hold; nothing was changed",
                  {{place("path"),
                    "what is at " + json::quoted(path.text()) +
                        (link == nullptr ? ": there is nothing" : " is not the value given")}});
    }
    return {};
  }

  Status insert_copy(const Pointer& path, const Node& value) {
    TRY(Node * fresh, make_copy(path, value));
    return insert(path, *fresh);
  }

  Result<Node*> make_copy(const Pointer& path, const Node& value) {
    const Size size = measure(value, steps_);
    TRY(check_depth(path, size));
    TRY(spend(path, size.weight));
    return document_.copy(value);
  }

  // Puts a node where `path` says, as `add` does.
  Status insert(const Pointer& path, Node& node) {
    if (path.is_root()) {
      if (root_ != nullptr) {
        take(&root_);
      }
      put(&root_, node, {});
      return {};
    }
    const Link parent = find(path, path.tokens().size() - 1);
    if (parent == nullptr) {
      return leads_nowhere("path", path);
    }
    const std::string& token = path.tokens().back();
    return (*parent)->is_object() ? insert_member(path, **parent, token, node)
                                  : insert_element(path, **parent, token, node);
  }

  Status insert_member(const Pointer& path, Node& parent, std::string_view name, Node& node) {
    if (const Link link = child_link(parent, name, steps_.count()); link != nullptr) {
      const std::string_view key = take(link).key;
      put(link, node, key);
      return {};
    }
    TRY(spend(path, name.size()));
    put(place_in(parent, std::numeric_limits<size_t>::max()), node, document_.keep(name));
    return {};
  }

  Status insert_element(const Pointer& path, Node& parent, std::string_view token, Node& node) {
    const auto index = token == "-" ? std::numeric_limits<size_t>::max() : array_index(token);
    const Link link = parent.is_array() && index ? place_in(parent, *index) : nullptr;
    if (link == nullptr) {
      return leads_nowhere("path", path);
    }
    put(link, node, {});
    return {};
  }

  // Where child number `index` hangs or would hang; the end for the largest number; null when there
  // are fewer.
  Link place_in(Node& parent, size_t index) {
    Link link = &parent.first;
    size_t at = 0;
    while (at < index && *link != nullptr) {
      link = &(*link)->next;
      ++at;
    }
    steps_.add(at);
    return at == index || index == std::numeric_limits<size_t>::max() ? link : nullptr;
  }

  // The link of what the first `count` tokens point at, or null.
  Link find(const Pointer& pointer, size_t count) {
    Link link = root_ == nullptr ? nullptr : &root_;
    for (size_t i = 0; i < count && link != nullptr; ++i) {
      link = child_link(**link, pointer.tokens()[i], steps_.count());
    }
    return link;
  }

  Node& take(Link link) {
    Node& node = **link;
    changes_.push_back({Change::Kind::kTaken, link, &node, node.key});
    *link = node.next;
    node.next = nullptr;
    return node;
  }

  void put(Link link, Node& node, std::string_view key) {
    changes_.push_back({Change::Kind::kPut, link, &node, node.key});
    node.key = key;
    node.next = *link;
    *link = &node;
  }

  void undo() {
    for (; !changes_.empty(); changes_.pop_back()) {
      const Change& change = changes_.back();
      if (change.kind == Change::Kind::kPut) {
        *change.link = change.node->next;
      } else {
        change.node->next = *change.link;
        *change.link = change.node;
      }
      change.node->key = change.key;
    }
  }

  Status check_depth(const Pointer& path, const Size& size) {
    if (path.tokens().size() + size.height <= limits_.depth_max) {
      return {};
    }
    return too_large("path", "the document would be nested deeper than " +
                                 std::to_string(limits_.depth_max) + " levels");
  }

  Status spend(const Pointer& path, size_t weight) {
    weight_ += weight;
    if (weight_ <= limits_.added_weight_max && !steps_.are_spent()) {
      return {};
    }
    return too_large("path", "with what is put at " + json::quoted(path.text()) +
                                 " the patch adds too much to the document; split it");
  }

  std::string place(std::string_view member) const {
    return "[" + std::to_string(index_) + "]." + std::string(member);
  }

  tl::unexpected<Error> too_large(std::string_view member, std::string what) const {
    return fail(ErrorCode::kTooLarge, "the JSON Patch is too large; nothing was changed",
                {{place(member), std::move(what)}});
  }

  tl::unexpected<Error> leads_nowhere(std::string_view member, const Pointer& pointer) const {
    return fail(ErrorCode::kConflict,
                "the JSON Patch does not fit the document; nothing was changed",
                {{place(member), json::quoted(pointer.text()) + " leads nowhere"}});
  }

  Document& document_;
  const PatchLimits& limits_;
  Node* root_;
  Steps steps_;
  size_t weight_ = 0;
  size_t index_ = 0;
  std::vector<Change> changes_;
};

}  // namespace

Status Patch::apply(Document& document) const {
  return Applier(document, limits_).run(operations_);
}

bool same_value(const Node& a, const Node& b) {
  Steps steps(std::numeric_limits<uint64_t>::max());
  return is_same(a, b, steps);
}

}  // namespace continuum::json
