#include "json/pointer.h"

#include <algorithm>

#include "json/limits.h"

namespace continuum::json {
namespace {

constexpr size_t kIndexDigitsMax = 10;

std::optional<std::string> unescape(std::string_view token) {
  std::string out;
  out.reserve(token.size());
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~') {
      out.push_back(token[i]);
      continue;
    }
    ++i;
    if (i == token.size() || (token[i] != '0' && token[i] != '1')) {
      return std::nullopt;
    }
    out.push_back(token[i] == '0' ? '~' : '/');
  }
  return out;
}

}  // namespace

Result<Pointer> Pointer::parse(std::string_view text) {
  if (text.size() > kPointerBytesMax) {
    return fail(ErrorCode::kTooLarge,
                "a JSON Pointer is longer than " + std::to_string(kPointerBytesMax) + " bytes");
  }
  if (!text.empty() && text.front() != '/') {
    return fail(ErrorCode::kInvalid,
                "a JSON Pointer is empty or starts with '/', and is no URI fragment");
  }
  if (static_cast<size_t>(std::count(text.begin(), text.end(), '/')) > kPointerTokensMax) {
    return fail(ErrorCode::kTooLarge,
                "a JSON Pointer is deeper than " + std::to_string(kPointerTokensMax) + " levels");
  }
  Pointer pointer;
  pointer.text_ = text;
  while (!text.empty()) {
    text.remove_prefix(1);
    const size_t end = std::min(text.find('/'), text.size());
    auto token = unescape(text.substr(0, end));
    if (!token) {
      return fail(ErrorCode::kInvalid,
                  "in a JSON Pointer '~' is written \"~0\", and '/' in a name \"~1\"");
    }
    pointer.tokens_.push_back(*std::move(token));
    text.remove_prefix(end);
  }
  return pointer;
}

bool Pointer::encloses(const Pointer& other) const {
  return tokens_.size() < other.tokens_.size() &&
         std::equal(tokens_.begin(), tokens_.end(), other.tokens_.begin());
}

const Node* Pointer::find(const Node& root) const {
  auto* at = const_cast<Node*>(&root);
  uint64_t steps = 0;
  for (const std::string& token : tokens_) {
    const Link link = child_link(*at, token, steps);
    if (link == nullptr) {
      return nullptr;
    }
    at = *link;
  }
  return at;
}

std::optional<size_t> array_index(std::string_view token) {
  const bool is_digits = std::all_of(token.begin(), token.end(),
                                     [](char digit) { return digit >= '0' && digit <= '9'; });
  if (token.empty() || token.size() > kIndexDigitsMax || !is_digits ||
      (token.size() > 1 && token.front() == '0')) {
    return std::nullopt;
  }
  size_t index = 0;
  for (const char digit : token) {
    index = index * 10 + static_cast<size_t>(digit - '0');
  }
  return index;
}

Link child_link(Node& parent, std::string_view token, uint64_t& steps) {
  if (parent.is_object()) {
    for (Link link = &parent.first; *link != nullptr; link = &(*link)->next) {
      ++steps;
      if ((*link)->key == token) {
        return link;
      }
    }
    return nullptr;
  }
  const auto index = parent.is_array() ? array_index(token) : std::nullopt;
  if (!index) {
    return nullptr;
  }
  size_t at = 0;
  for (Link link = &parent.first; *link != nullptr; link = &(*link)->next) {
    ++steps;
    if (at == *index) {
      return link;
    }
    ++at;
  }
  return nullptr;
}

}  // namespace continuum::json
