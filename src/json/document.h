// Reading JSON into a small mutable tree that forgets nothing.
//
// Numbers keep the text they were sent with, members keep their order, unknown members stay. What
// would make two readers disagree about a record is refused, with the place: duplicate member
// names, invalid UTF-8, lone surrogates, depth or size over the limit, anything after the end (RFC
// 8259, I-JSON).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/limits.h"

namespace continuum::json {

enum class Kind : uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

// One value. Children form a singly linked list in document order. Nodes live in their Document and
// die with it; all text is either in the Document or outlives it (see set_text).
struct Node {
  Kind kind = Kind::kNull;
  std::string_view key;   // member name, unescaped; empty in arrays and at the root
  std::string_view text;  // number: as sent; string: unescaped UTF-8; otherwise empty
  Node* first = nullptr;  // of arrays and objects
  Node* next = nullptr;   // following sibling

  bool is_object() const { return kind == Kind::kObject; }
  bool is_array() const { return kind == Kind::kArray; }
  bool is_string() const { return kind == Kind::kString; }
  bool is_number() const { return kind == Kind::kNumber; }

  // The member of that name, or null; null also when this is no object.
  const Node* find(std::string_view name) const;
  Node* find(std::string_view name);
  // The text of the string member of that name, or empty.
  std::string_view string(std::string_view name) const;
  size_t child_count() const;
};

// for (const Node& child : children(node))
class Children {
 public:
  class Iterator {
   public:
    explicit Iterator(Node* at) : at_(at) {}
    Node& operator*() const { return *at_; }
    Iterator& operator++() {
      at_ = at_->next;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }

   private:
    Node* at_;
  };
  explicit Children(Node* first) : first_(first) {}
  Iterator begin() const { return Iterator(first_); }
  Iterator end() const { return Iterator(nullptr); }

 private:
  Node* first_;
};
class ConstChildren {
 public:
  class Iterator {
   public:
    explicit Iterator(const Node* at) : at_(at) {}
    const Node& operator*() const { return *at_; }
    Iterator& operator++() {
      at_ = at_->next;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }

   private:
    const Node* at_;
  };
  explicit ConstChildren(const Node* first) : first_(first) {}
  Iterator begin() const { return Iterator(first_); }
  Iterator end() const { return Iterator(nullptr); }

 private:
  const Node* first_;
};
inline Children children(Node& node) {
  return Children(node.first);
}
inline ConstChildren children(const Node& node) {
  return ConstChildren(node.first);
}

// Owns a tree. Movable; not thread-safe. Reusable: parse() drops what was there and keeps the
// memory.
class Document {
 public:
  Document();
  ~Document();
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  // Replaces the content. The root must be an object or an array. `text` is copied. On error
  // (kInvalid; kTooLarge for limits) details say "line 3 column 9" and, where known, the field
  // path; the document is then empty.
  Status parse(std::string_view text, const Limits& limits = {});
  void clear();

  // Null when empty.
  Node* root() { return root_; }
  const Node* root() const { return root_; }
  void set_root(Node* root) { root_ = root; }

  // New nodes, unattached. Keys and texts given here are copied into the document.
  Node* make_object(std::string_view key = {});
  Node* make_array(std::string_view key = {});
  Node* make_string(std::string_view key, std::string_view text);
  Node* make_number(std::string_view key, std::string_view text);  // text: a valid JSON number
  Node* make_bool(std::string_view key, bool value);
  // A deep copy of a node of this document or another.
  Node* copy(const Node& node);
  // Copies text into the document; the result lives as long as the document.
  std::string_view keep(std::string_view text);
  // Replaces the text of a string node.
  void set_text(Node& node, std::string_view text) { node.text = keep(text); }

  // Adds as last or first child; removes a child (which stays in the document's memory).
  static void append(Node& parent, Node& child);
  static void prepend(Node& parent, Node& child);
  static void remove(Node& parent, Node& child);

 private:
  struct Memory;
  class Parser;
  std::unique_ptr<Memory> memory_;
  Node* root_ = nullptr;
};

// Same content: objects as sets of members, arrays in order, numbers and strings by their text.
bool equal(const Node& a, const Node& b);
// The path of the first difference ("name[0].family"), or empty when equal.
std::string first_difference(const Node& a, const Node& b);

}  // namespace continuum::json
