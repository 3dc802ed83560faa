#include "json/split.h"

#include <algorithm>
#include <cstdint>

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace continuum::json {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool ends_word(char c) {
  return c == ',' || c == '}' || c == ']' || c == ':' || is_space(c);
}

#ifdef __AVX2__
__m256i load(std::string_view text, size_t from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + from));
}
#endif

}  // namespace

Status Cutter::check_size() const {
  if (text_.size() > limits_.bytes_max) {
    return fail(ErrorCode::kTooLarge,
                "JSON text is larger than " + std::to_string(limits_.bytes_max) + " bytes");
  }
  return {};
}

void Cutter::skip_space() {
  while (at_ < text_.size() && is_space(text_[at_])) {
    ++at_;
  }
}

bool Cutter::peek(char c) {
  skip_space();
  return at_ < text_.size() && text_[at_] == c;
}

bool Cutter::take(char c) {
  bool there = peek(c);
  at_ += there ? 1 : 0;
  return there;
}

Status Cutter::expect(char c, std::string_view what) {
  if (!take(c)) {
    return refuse("expected " + std::string(what));
  }
  return {};
}

Status Cutter::end() {
  skip_space();
  if (at_ != text_.size()) {
    return refuse("there is more text after the end of the JSON value");
  }
  return {};
}

Result<std::string_view> Cutter::key() {
  if (!peek('"')) {
    return refuse("expected a member name in quotes");
  }
  size_t start = at_ + 1;
  TRY(skip_string());
  std::string_view raw = text_.substr(start, at_ - start - 1);
  if (raw.find('\\') != std::string_view::npos) {
    return refuse("a member name here may hold no escapes");
  }
  TRY(expect(':', "a colon"));
  return raw;
}

Result<std::string_view> Cutter::value() {
  skip_space();
  size_t start = at_;
  char first = at_ < text_.size() ? text_[at_] : ',';
  if (first == '"') {
    TRY(skip_string());
  } else if (first == '{' || first == '[') {
    TRY(skip_container());
  } else {
    skip_word();
  }
  if (at_ == start) {
    return refuse("expected a value");
  }
  return text_.substr(start, at_ - start);
}

void Cutter::skip_word() {
  while (at_ < text_.size() && !ends_word(text_[at_])) {
    ++at_;
  }
}

// From an opening bracket to the one that closes it.
Status Cutter::skip_container() {
  size_t depth = 0;
  do {
    at_ = next_mark(at_);
    if (at_ >= text_.size()) {
      return refuse("the text ends inside a value");
    }
    char c = text_[at_];
    if (c == '"') {
      TRY(skip_string());
      continue;
    }
    if (c == '{' || c == '[') {
      ++depth;
    } else {
      --depth;
    }
    ++at_;
    if (depth > limits_.depth_max) {
      return fail(ErrorCode::kTooLarge,
                  "JSON is nested deeper than " + std::to_string(limits_.depth_max) + " levels");
    }
  } while (depth > 0);
  return {};
}

Status Cutter::skip_string() {
  ++at_;
  while (true) {
    at_ = next_quote_or_escape(at_);
    if (at_ >= text_.size()) {
      at_ = text_.size();
      return refuse("a string is not closed");
    }
    if (text_[at_] == '"') {
      ++at_;
      return {};
    }
    at_ += 2;
  }
}

// The first quote or bracket at or after `from`; the size of the text when there is none.
size_t Cutter::next_mark(size_t from) const {
#ifdef __AVX2__
  const __m256i quote = _mm256_set1_epi8('"');
  const __m256i open = _mm256_set1_epi8('{');
  const __m256i close = _mm256_set1_epi8('}');
  const __m256i fold = _mm256_set1_epi8(0x20);  // [ and ] become { and }
  for (; from + 32 <= text_.size(); from += 32) {
    __m256i block = load(text_, from);
    __m256i folded = _mm256_or_si256(block, fold);
    __m256i hit = _mm256_or_si256(
        _mm256_cmpeq_epi8(block, quote),
        _mm256_or_si256(_mm256_cmpeq_epi8(folded, open), _mm256_cmpeq_epi8(folded, close)));
    if (auto mask = static_cast<uint32_t>(_mm256_movemask_epi8(hit)); mask != 0) {
      return from + static_cast<size_t>(__builtin_ctz(mask));
    }
  }
#endif
  while (from < text_.size() && text_[from] != '"' && (text_[from] | 0x20) != '{' &&
         (text_[from] | 0x20) != '}') {
    ++from;
  }
  return from;
}

size_t Cutter::next_quote_or_escape(size_t from) const {
#ifdef __AVX2__
  const __m256i quote = _mm256_set1_epi8('"');
  const __m256i escape = _mm256_set1_epi8('\\');
  for (; from + 32 <= text_.size(); from += 32) {
    __m256i block = load(text_, from);
    __m256i hit =
        _mm256_or_si256(_mm256_cmpeq_epi8(block, quote), _mm256_cmpeq_epi8(block, escape));
    if (auto mask = static_cast<uint32_t>(_mm256_movemask_epi8(hit)); mask != 0) {
      return from + static_cast<size_t>(__builtin_ctz(mask));
    }
  }
#endif
  while (from < text_.size() && text_[from] != '"' && text_[from] != '\\') {
    ++from;
  }
  return from;
}

tl::unexpected<Error> Cutter::refuse(std::string what) const {
  size_t offset = std::min(at_, text_.size());
  std::string_view before = text_.substr(0, offset);
  auto line = 1 + std::count(before.begin(), before.end(), '\n');
  size_t line_start = before.rfind('\n');
  size_t column = line_start == std::string_view::npos ? offset + 1 : offset - line_start;
  return fail(
      ErrorCode::kInvalid, "not valid JSON",
      {{"line " + std::to_string(line) + " column " + std::to_string(column), std::move(what)}});
}

Result<std::vector<Member>> split_object(std::string_view text, const Limits& limits) {
  Cutter cutter(text, limits);
  TRY(cutter.check_size());
  std::vector<Member> members;
  TRY(for_each_member(cutter, [&](std::string_view key) -> Status {
    bool again = std::any_of(members.begin(), members.end(),
                             [&](const Member& member) { return member.key == key; });
    if (again) {
      return fail(ErrorCode::kInvalid, "an object has two members of the same name");
    }
    TRY(auto value, cutter.value());
    members.push_back({key, value});
    return {};
  }));
  TRY(cutter.end());
  return members;
}

Result<std::vector<std::string_view>> split_array(std::string_view text, const Limits& limits) {
  Cutter cutter(text, limits);
  TRY(cutter.check_size());
  std::vector<std::string_view> elements;
  TRY(for_each_element(cutter, [&]() -> Status {
    TRY(auto element, cutter.value());
    elements.push_back(element);
    return {};
  }));
  TRY(cutter.end());
  return elements;
}

}  // namespace continuum::json
