#include "json/document.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/check.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <simdjson.h>
#pragma GCC diagnostic pop

namespace continuum::json {
namespace {

constexpr size_t kChunkBytes = 64 * 1024;
constexpr size_t kSmallObject = 12;  // members compared pairwise for duplicates; above: by sorting

namespace od = simdjson::ondemand;

// Bump allocation; reset() keeps the chunks.
class Arena {
 public:
  char* allocate(size_t size, size_t alignment) {
    size_t start = (used_ + alignment - 1) & ~(alignment - 1);
    if (current_ >= chunks_.size() || start + size > chunks_[current_].size) {
      return allocate_in_next(size);
    }
    used_ = start + size;
    return chunks_[current_].bytes.get() + start;
  }
  void reset() {
    current_ = 0;
    used_ = 0;
    large_.clear();
  }

 private:
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t size;
  };
  char* allocate_in_next(size_t size) {
    if (size > kChunkBytes) {
      large_.push_back(std::unique_ptr<char[]>(new char[size]));
      return large_.back().get();
    }
    if (!chunks_.empty()) {
      ++current_;
    }
    if (current_ >= chunks_.size()) {
      chunks_.push_back({std::unique_ptr<char[]>(new char[kChunkBytes]), kChunkBytes});
      current_ = chunks_.size() - 1;
    }
    used_ = size;
    return chunks_[current_].bytes.get();
  }
  std::vector<Chunk> chunks_;
  std::vector<std::unique_ptr<char[]>> large_;
  size_t current_ = 0;
  size_t used_ = 0;
};

// RFC 8259 number grammar; simdjson's raw token is not checked by itself.
bool is_number(std::string_view text) {
  size_t at = 0;
  auto digit = [&] { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  auto digits = [&] {
    size_t from = at;
    while (digit()) {
      ++at;
    }
    return at > from;
  };
  if (at < text.size() && text[at] == '-') {
    ++at;
  }
  if (at < text.size() && text[at] == '0') {
    ++at;
  } else if (!digits()) {
    return false;
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!digits()) {
      return false;
    }
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
      ++at;
    }
    if (!digits()) {
      return false;
    }
  }
  return at == text.size();
}

std::string_view trim_right(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' ||
                           text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

std::string line_and_column(std::string_view text, size_t offset) {
  offset = std::min(offset, text.size());
  size_t line = 1 + static_cast<size_t>(std::count(
                        text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
  size_t line_start = text.rfind('\n', offset == 0 ? 0 : offset - 1);
  size_t column = offset == 0 || line_start == std::string_view::npos || line_start >= offset
                      ? offset + 1
                      : offset - line_start;
  return "line " + std::to_string(line) + " column " + std::to_string(column);
}

size_t first_invalid_utf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    auto lead = static_cast<unsigned char>(text[at]);
    size_t width = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    width = std::min(width, text.size() - at);
    if (!simdjson::validate_utf8(text.data() + at, width)) {
      return at;
    }
    at += width;
  }
  return at;
}

}  // namespace

struct Document::Memory {
  Arena arena;
  std::vector<char> input;  // padded copy of the text being read
  od::parser parser;

  Node* new_node(Kind kind) {
    auto* node = new (arena.allocate(sizeof(Node), alignof(Node))) Node();
    node->kind = kind;
    return node;
  }
  std::string_view keep(std::string_view text) {
    if (text.empty()) {
      return {};
    }
    char* out = arena.allocate(text.size(), 1);
    std::memcpy(out, text.data(), text.size());
    return {out, text.size()};
  }
};

class Document::Parser {
 public:
  Parser(Memory& memory, std::string_view text, const Limits& limits)
      : memory_(memory), text_(text), limits_(limits) {}

  Result<Node*> parse() {
    if (text_.size() > limits_.bytes_max) {
      return fail(ErrorCode::kTooLarge, "JSON text is larger than " +
                                            std::to_string(limits_.bytes_max) +
                                            " bytes, the most that is read");
    }
    memory_.input.resize(text_.size() + simdjson::SIMDJSON_PADDING);
    std::memcpy(memory_.input.data(), text_.data(), text_.size());
    std::memset(memory_.input.data() + text_.size(), 0, simdjson::SIMDJSON_PADDING);
    od::document document;
    auto error = memory_.parser.iterate(memory_.input.data(), text_.size(), memory_.input.size())
                     .get(document);
    if (error != simdjson::SUCCESS) {
      return refuse_text(error);
    }
    document_ = &document;
    od::json_type type{};
    error = document.type().get(type);
    if (error == simdjson::SUCCESS && type != od::json_type::object &&
        type != od::json_type::array) {
      return refuse("expected an object or an array at the start", 0);
    }
    Node* root = nullptr;
    if (error == simdjson::SUCCESS) {
      od::value value;
      error = document.get_value().get(value);
      if (error == simdjson::SUCCESS) {
        TRY(root, read_value(value, 1));
      }
    }
    if (error != simdjson::SUCCESS) {
      return refuse_here(error);
    }
    const char* rest = nullptr;
    if (document.current_location().get(rest) == simdjson::SUCCESS) {
      return refuse("there is more text after the end of the JSON value", offset(rest));
    }
    return root;
  }

 private:
  Result<Node*> read_value(od::value& value, size_t depth) {
    od::json_type type{};
    if (auto error = value.type().get(type); error != simdjson::SUCCESS) {
      return refuse_here(error);
    }
    switch (type) {
      case od::json_type::object:
        return read_object(value, depth);
      case od::json_type::array:
        return read_array(value, depth);
      case od::json_type::string:
        return read_string(value);
      case od::json_type::number:
        return read_number(value);
      case od::json_type::boolean: {
        bool truth = false;
        if (auto error = value.get_bool().get(truth); error != simdjson::SUCCESS) {
          return refuse_here(error);
        }
        return memory_.new_node(truth ? Kind::kTrue : Kind::kFalse);
      }
      case od::json_type::null: {
        std::string_view token = trim_right(value.raw_json_token());
        bool nothing = false;
        const auto error = value.is_null().get(nothing);  // where the text ends early
        if (token != "null" || error != simdjson::SUCCESS || !nothing) {
          return refuse("expected null", offset(token.data()));
        }
        return memory_.new_node(Kind::kNull);
      }
    }
    return refuse("expected a JSON value", 0);
  }

  Result<Node*> read_number(od::value& value) {
    std::string_view token = trim_right(value.raw_json_token());
    if (!is_number(token)) {
      return refuse("not a JSON number", offset(token.data()));
    }
    // Left unconsumed: iteration skips it, and no double is ever made.
    Node* node = memory_.new_node(Kind::kNumber);
    node->text = token;
    return node;
  }

  Result<Node*> read_string(od::value& value) {
    std::string_view token = value.raw_json_token();
    Node* node = memory_.new_node(Kind::kString);
    bool plain = std::memchr(token.data(), '\\', token.size()) == nullptr;
    std::string_view text;
    if (auto error = value.get_string().get(text); error != simdjson::SUCCESS) {
      return refuse_string(error, token);
    }
    node->text = plain ? token.substr(1, text.size()) : memory_.keep(text);
    return node;
  }

  Result<Node*> read_array(od::value& value, size_t depth) {
    TRY(check_depth(depth));
    od::array array;
    if (auto error = value.get_array().get(array); error != simdjson::SUCCESS) {
      return refuse_here(error);
    }
    Node* node = memory_.new_node(Kind::kArray);
    Node** tail = &node->first;
    for (auto element : array) {
      od::value child;
      if (auto error = std::move(element).get(child); error != simdjson::SUCCESS) {
        return refuse_here(error);
      }
      TRY(*tail, read_value(child, depth + 1));
      tail = &(*tail)->next;
    }
    return node;
  }

  Result<Node*> read_object(od::value& value, size_t depth) {
    TRY(check_depth(depth));
    od::object object;
    if (auto error = value.get_object().get(object); error != simdjson::SUCCESS) {
      return refuse_here(error);
    }
    Node* node = memory_.new_node(Kind::kObject);
    Node** tail = &node->first;
    size_t count = 0;
    for (auto member : object) {
      od::field field;
      if (auto error = std::move(member).get(field); error != simdjson::SUCCESS) {
        return refuse_here(error);
      }
      TRY(std::string_view key, read_key(field));
      const char* key_at = key_at_;
      if (count < kSmallObject && node->find(key) != nullptr) {
        return refuse_duplicate(key_at);
      }
      TRY(*tail, read_value(field.value(), depth + 1));
      (*tail)->key = key;
      tail = &(*tail)->next;
      ++count;
    }
    if (count > kSmallObject && has_duplicate(*node, count)) {
      return refuse("an object has two members of the same name",
                    node->first == nullptr ? 0 : offset(node->first->key.data()));
    }
    return node;
  }

  Result<std::string_view> read_key(od::field& field) {
    const char* raw = field.key().raw();
    key_at_ = raw;
    const char* end = memory_.input.data() + text_.size();
    const char* quote = raw;
    while (quote < end && *quote != '"' && *quote != '\\') {
      ++quote;
    }
    if (quote < end && *quote == '"') {
      return std::string_view(raw, static_cast<size_t>(quote - raw));
    }
    std::string_view text;
    if (auto error = field.unescaped_key().get(text); error != simdjson::SUCCESS) {
      return refuse_string(error, std::string_view(raw, raw));
    }
    return memory_.keep(text);
  }

  static bool has_duplicate(const Node& node, size_t count) {
    std::vector<std::string_view> keys;
    keys.reserve(count);
    for (const Node& child : children(node)) {
      keys.push_back(child.key);
    }
    std::sort(keys.begin(), keys.end());
    return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
  }

  Status check_depth(size_t depth) {
    if (depth <= limits_.depth_max) {
      return {};
    }
    const char* location = nullptr;
    size_t at = 0;
    if (document_->current_location().get(location) == simdjson::SUCCESS) {
      at = offset(location);
    }
    return fail(ErrorCode::kTooLarge,
                "JSON is nested deeper than " + std::to_string(limits_.depth_max) + " levels",
                {{line_and_column(text_, at), "too deep"}});
  }

  size_t offset(const char* at) const {
    const char* start = memory_.input.data();
    if (at < start || at > start + text_.size()) {
      return text_.size();
    }
    return static_cast<size_t>(at - start);
  }

  tl::unexpected<Error> refuse(std::string what, size_t at) const {
    return fail(ErrorCode::kInvalid, "not valid JSON",
                {{line_and_column(text_, at), std::move(what)}});
  }

  // The name itself may be patient data in free-form content, so only its place is told.
  tl::unexpected<Error> refuse_duplicate(const char* key_at) const {
    return refuse("an object has two members of the same name", offset(key_at));
  }

  tl::unexpected<Error> refuse_string(simdjson::error_code error, std::string_view token) const {
    static_cast<void>(error);
    return refuse("a string holds an invalid escape or half of a surrogate pair",
                  offset(token.data()));
  }

  tl::unexpected<Error> refuse_here(simdjson::error_code error) const {
    const char* location = nullptr;
    size_t at = text_.size();
    if (document_ != nullptr && document_->current_location().get(location) == simdjson::SUCCESS) {
      at = offset(location);
    }
    return refuse(describe(error), at);
  }

  tl::unexpected<Error> refuse_text(simdjson::error_code error) const {
    if (error == simdjson::UTF8_ERROR) {
      return refuse("invalid UTF-8", first_invalid_utf8(text_));
    }
    return refuse(describe(error), error == simdjson::UNCLOSED_STRING ? text_.size() : 0);
  }

  static std::string describe(simdjson::error_code error) {
    switch (error) {
      case simdjson::EMPTY:
        return "there is no JSON here";
      case simdjson::UNCLOSED_STRING:
        return "a string is not closed";
      case simdjson::UNESCAPED_CHARS:
        return "a string holds an unescaped control character";
      case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
        return "an array or object is not closed";
      case simdjson::N_ATOM_ERROR:
      case simdjson::T_ATOM_ERROR:
      case simdjson::F_ATOM_ERROR:
        return "expected null, true or false";
      case simdjson::DEPTH_ERROR:
        return "nested too deeply";
      default:
        return "expected a comma, a colon, a closing bracket or a value";
    }
  }

  Memory& memory_;
  std::string_view text_;
  const Limits& limits_;
  od::document* document_ = nullptr;
  const char* key_at_ = nullptr;
};

Document::Document() : memory_(std::make_unique<Memory>()) {}
Document::~Document() = default;
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;

Status Document::parse(std::string_view text, const Limits& limits) {
  clear();
  TRY(root_, Parser(*memory_, text, limits).parse());
  return {};
}

void Document::clear() {
  root_ = nullptr;
  memory_->arena.reset();
}

Node* Document::make_object(std::string_view key) {
  Node* node = memory_->new_node(Kind::kObject);
  node->key = keep(key);
  return node;
}

Node* Document::make_array(std::string_view key) {
  Node* node = memory_->new_node(Kind::kArray);
  node->key = keep(key);
  return node;
}

Node* Document::make_string(std::string_view key, std::string_view text) {
  Node* node = memory_->new_node(Kind::kString);
  node->key = keep(key);
  node->text = keep(text);
  return node;
}

Node* Document::make_number(std::string_view key, std::string_view text) {
  DCHECK(is_number(text));
  Node* node = memory_->new_node(Kind::kNumber);
  node->key = keep(key);
  node->text = keep(text);
  return node;
}

Node* Document::make_bool(std::string_view key, bool value) {
  Node* node = memory_->new_node(value ? Kind::kTrue : Kind::kFalse);
  node->key = keep(key);
  return node;
}

Node* Document::copy(const Node& node) {
  Node* out = memory_->new_node(node.kind);
  out->key = keep(node.key);
  out->text = keep(node.text);
  Node** tail = &out->first;
  for (const Node& child : children(node)) {
    *tail = copy(child);
    tail = &(*tail)->next;
  }
  return out;
}

std::string_view Document::keep(std::string_view text) {
  return memory_->keep(text);
}

void Document::append(Node& parent, Node& child) {
  Node** tail = &parent.first;
  while (*tail != nullptr) {
    tail = &(*tail)->next;
  }
  child.next = nullptr;
  *tail = &child;
}

void Document::prepend(Node& parent, Node& child) {
  child.next = parent.first;
  parent.first = &child;
}

void Document::remove(Node& parent, Node& child) {
  for (Node** at = &parent.first; *at != nullptr; at = &(*at)->next) {
    if (*at == &child) {
      *at = child.next;
      child.next = nullptr;
      return;
    }
  }
}

const Node* Node::find(std::string_view name) const {
  if (kind != Kind::kObject) {
    return nullptr;
  }
  for (const Node* child = first; child != nullptr; child = child->next) {
    if (child->key == name) {
      return child;
    }
  }
  return nullptr;
}

Node* Node::find(std::string_view name) {
  return const_cast<Node*>(static_cast<const Node*>(this)->find(name));
}

std::string_view Node::string(std::string_view name) const {
  const Node* node = find(name);
  return node != nullptr && node->is_string() ? node->text : std::string_view();
}

size_t Node::child_count() const {
  size_t count = 0;
  for (const Node* child = first; child != nullptr; child = child->next) {
    ++count;
  }
  return count;
}

std::string first_difference(const Node& a, const Node& b) {
  std::string here = a.key.empty() ? "(root)" : std::string(a.key);
  if (a.kind != b.kind || a.text != b.text || a.child_count() != b.child_count()) {
    return here;
  }
  const Node* other = b.first;
  size_t index = 0;
  for (const Node& child : children(a)) {
    const Node* match = a.is_object() ? b.find(child.key) : other;
    std::string inside =
        match == nullptr ? std::string(child.key) : first_difference(child, *match);
    if (!inside.empty()) {
      std::string step = a.is_array() ? "[" + std::to_string(index) + "]." + inside : "." + inside;
      return here + step;
    }
    other = other == nullptr ? nullptr : other->next;
    ++index;
  }
  return {};
}

bool equal(const Node& a, const Node& b) {
  if (a.kind != b.kind || a.text != b.text || a.child_count() != b.child_count()) {
    return false;
  }
  const Node* other = b.first;
  for (const Node& child : children(a)) {
    const Node* match = a.is_object() ? b.find(child.key) : other;
    if (match == nullptr || !equal(child, *match)) {
      return false;
    }
    other = other->next;
  }
  return true;
}

}  // namespace continuum::json
