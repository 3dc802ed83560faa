#include "json/split.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "json/document.h"

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

constexpr size_t kBlock = 64;

// One bit for each character of a block.
struct Marks {
  uint64_t quotes = 0;
  uint64_t escapes = 0;
  uint64_t opens = 0;   // { and [
  uint64_t closes = 0;  // } and ]
};

Marks marks_of(std::string_view block) {
  Marks marks;
#ifdef __AVX2__
  const __m256i fold = _mm256_set1_epi8(0x20);  // [ and ] become { and }
  for (size_t half = 0; half < 2; ++half) {
    __m256i bytes = load(block, half * 32);
    __m256i folded = _mm256_or_si256(bytes, fold);
    auto bits = [half](__m256i text, char c) {
      auto mask =
          static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(text, _mm256_set1_epi8(c))));
      return uint64_t{mask} << (half * 32);
    };
    marks.quotes |= bits(bytes, '"');
    marks.escapes |= bits(bytes, '\\');
    marks.opens |= bits(folded, '{');
    marks.closes |= bits(folded, '}');
  }
#else
  for (size_t i = 0; i < kBlock; ++i) {
    uint64_t bit = uint64_t{1} << i;
    marks.quotes |= block[i] == '"' ? bit : 0;
    marks.escapes |= block[i] == '\\' ? bit : 0;
    marks.opens |= (block[i] | 0x20) == '{' ? bit : 0;
    marks.closes |= (block[i] | 0x20) == '}' ? bit : 0;
  }
#endif
  return marks;
}

// Bit i: whether an odd number of bits is set at or below i.
uint64_t parity_up_to(uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) {
    bits ^= bits << shift;
  }
  return bits;
}

// Follows strings and brackets block by block.
class StructureScan {
 public:
  // The marks of the next block, without what stands in strings.
  Marks next(std::string_view block) {
    Marks marks = marks_of(block);
    marks.quotes &= ~escaped(marks.escapes);
    uint64_t inside = parity_up_to(marks.quotes) ^ (in_string_ ? ~uint64_t{0} : 0);
    in_string_ = (inside >> 63) != 0;
    marks.opens &= ~inside;
    marks.closes &= ~inside;
    return marks;
  }
  bool in_string() const { return in_string_; }

 private:
  // The characters that stand behind an escape.
  uint64_t escaped(uint64_t escapes) {
    uint64_t found = after_escape_ ? 1 : 0;
    after_escape_ = false;
    for (escapes &= ~found; escapes != 0;) {
      uint64_t behind = (escapes & -escapes) << 1;  // of the first
      after_escape_ = behind == 0;
      found |= behind;
      escapes &= escapes - 1;
      escapes &= ~behind;
    }
    return found;
  }

  bool in_string_ = false;
  bool after_escape_ = false;
};

// Bracket by bracket: behind the one that closes the container, if it is in this block.
Result<std::optional<size_t>> end_in_block(const Marks& marks, size_t depth_max, size_t& depth) {
  for (uint64_t brackets = marks.opens | marks.closes; brackets != 0; brackets &= brackets - 1) {
    uint64_t bracket = brackets & -brackets;
    depth = (marks.opens & bracket) != 0 ? depth + 1 : depth - 1;
    if (depth > depth_max) {
      return fail(ErrorCode::kTooLarge,
                  "JSON is nested deeper than " + std::to_string(depth_max) + " levels");
    }
    if (depth == 0) {
      return std::optional<size_t>(static_cast<size_t>(__builtin_ctzll(bracket)) + 1);
    }
  }
  return std::optional<size_t>();
}

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
  StructureScan scan;
  size_t depth = 0;
  for (; at_ < text_.size(); at_ += kBlock) {
    std::string last;  // the last block, filled up
    std::string_view block = text_.substr(at_, kBlock);
    if (block.size() < kBlock) {
      last.assign(block);
      last.resize(kBlock, ' ');
      block = last;
    }
    Marks marks = scan.next(block);
    auto opened = static_cast<size_t>(__builtin_popcountll(marks.opens));
    auto closed = static_cast<size_t>(__builtin_popcountll(marks.closes));
    if (closed < depth && depth + opened <= limits_.depth_max) {
      depth = depth + opened - closed;
      continue;
    }
    TRY(auto end, end_in_block(marks, limits_.depth_max, depth));
    if (end) {
      at_ += *end;
      return {};
    }
  }
  at_ = text_.size();
  return refuse(scan.in_string() ? "a string is not closed" : "the text ends inside a value");
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

Result<std::string> string_value(std::string_view raw) {
  bool plain = raw.size() >= 2 && raw.front() == '"' && raw.find('\\') == std::string_view::npos;
  if (plain) {
    return std::string(raw.substr(1, raw.size() - 2));
  }
  Document document;
  TRY(document.parse("[" + std::string(raw) + "]"));
  const Node* value = document.root()->first;
  return value != nullptr && value->is_string() ? std::string(value->text) : std::string();
}

std::string_view raw_member(const std::vector<Member>& members, std::string_view name) {
  auto found = std::find_if(members.begin(), members.end(),
                            [name](const Member& member) { return member.key == name; });
  return found == members.end() ? std::string_view() : found->value;
}

Result<std::string> string_member(const std::vector<Member>& members, std::string_view name) {
  std::string_view raw = raw_member(members, name);
  return raw.empty() ? std::string() : string_value(raw);
}

}  // namespace continuum::json
