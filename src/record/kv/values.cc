#include "record/kv/values.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "crypto/digest.h"
#include "record/limits.h"

namespace continuum::record {
namespace {

constexpr char kTermEnd = '\x01';
constexpr char kTermShortened = '\x02';
constexpr char kZeroEscaped = '\xFF';
constexpr size_t kDigestSize = 32;
constexpr uint64_t kSignBit = uint64_t{1} << 63;

void put_escaped(std::string& out, std::string_view text) {
  size_t zero = text.find('\0');
  while (zero != std::string_view::npos) {
    out.append(text.substr(0, zero));
    out.push_back('\0');
    out.push_back(kZeroEscaped);
    text.remove_prefix(zero + 1);
    zero = text.find('\0');
  }
  out.append(text);
}

struct Decimal {
  bool negative = false;
  std::string digits;    // without leading or trailing zeros; empty for zero
  int64_t exponent = 0;  // value = 0.digits x 10^exponent
};

int64_t parse_exponent(std::string_view text) {
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
  }
  int64_t value = 0;
  auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec == std::errc::result_out_of_range) {
    return text.front() == '-' ? -100'000 : 100'000;
  }
  return std::clamp<int64_t>(value, -100'000, 100'000);
}

Decimal parse_decimal(std::string_view text) {
  Decimal out;
  if (!text.empty() && text.front() == '-') {
    out.negative = true;
    text.remove_prefix(1);
  }
  size_t e = text.find_first_of("eE");
  if (e != std::string_view::npos) {
    out.exponent = parse_exponent(text.substr(e + 1));
    text = text.substr(0, e);
  }
  size_t point = std::min(text.find('.'), text.size());
  out.digits = text.substr(0, point);
  out.exponent += static_cast<int64_t>(point);
  if (point < text.size()) {
    out.digits.append(text.substr(point + 1));
  }
  size_t leading = std::min(out.digits.find_first_not_of('0'), out.digits.size());
  out.digits.erase(0, leading);
  out.exponent -= static_cast<int64_t>(leading);
  out.digits.erase(out.digits.find_last_not_of('0') + 1);
  return out;
}

bool put_folded_ascii(std::string& out, std::string_view text) {
  size_t start = out.size();
  for (char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) {
      out.resize(start);
      return false;
    }
    out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return true;
}

void put_folded_unicode(std::string& out, std::string_view text) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* decompose = icu::Normalizer2::getNFKDInstance(error);
  CHECK(U_SUCCESS(error));
  icu::UnicodeString apart =
      decompose->normalize(icu::UnicodeString::fromUTF8(
                               icu::StringPiece(text.data(), static_cast<int32_t>(text.size()))),
                           error);
  icu::UnicodeString plain;
  for (int32_t i = 0; i < apart.length(); i = apart.moveIndex32(i, 1)) {
    UChar32 c = apart.char32At(i);
    if (u_charType(c) != U_NON_SPACING_MARK) {
      plain.append(c);
    }
  }
  // Last: taking apart may bring capitals to light ("MHz" from one sign).
  plain.foldCase();
  std::string utf8;
  plain.toUTF8String(utf8);
  out.append(utf8);
}

}  // namespace

void put_term(std::string& out, std::string_view text) {
  if (text.size() <= kTermBytesMax) {
    put_escaped(out, text);
    out.push_back('\0');
    out.push_back(kTermEnd);
    return;
  }
  put_escaped(out, text.substr(0, kTermStartBytes));
  out.push_back('\0');
  out.push_back(kTermShortened);
  out.append(crypto::view(crypto::sha256(text)));
}

void put_term_start(std::string& out, std::string_view text) {
  put_escaped(out, text);
}

uint64_t sortable(Instant instant) {
  return static_cast<uint64_t>(instant.micros) ^ kSignBit;
}

Instant from_sortable(uint64_t value) {
  return {static_cast<int64_t>(value ^ kSignBit)};
}

void put_instant(std::string& out, Instant instant) {
  put_u64(out, sortable(instant));
}

Result<Instant> take_instant(ByteReader& reader) {
  TRY(uint64_t value, reader.u64());
  return from_sortable(value);
}

Result<Term> take_term(ByteReader& reader) {
  Term term;
  while (true) {
    size_t zero = reader.rest().find('\0');
    if (zero == std::string_view::npos) {
      return fail(ErrorCode::kCorrupt, "a term in a key is not ended");
    }
    TRY(auto text, reader.take(zero + 1));
    term.text.append(text.substr(0, zero));
    TRY(uint8_t next, reader.u8());
    if (next == static_cast<uint8_t>(kTermEnd)) {
      return term;
    }
    if (next == static_cast<uint8_t>(kTermShortened)) {
      TRY(auto digest, reader.take(kDigestSize));
      static_cast<void>(digest);
      term.shortened = true;
      return term;
    }
    if (next != static_cast<uint8_t>(kZeroEscaped)) {
      return fail(ErrorCode::kCorrupt, "a term in a key has an unknown escape");
    }
    term.text.push_back('\0');
  }
}

void put_sortable_decimal(std::string& out, std::string_view text) {
  Decimal decimal = parse_decimal(text);
  if (decimal.digits.empty()) {
    out.push_back('\x80');
    return;
  }
  out.push_back(decimal.negative ? '\x7F' : '\x81');
  size_t start = out.size();
  int64_t exponent = std::clamp<int64_t>(decimal.exponent, -32'768, 32'767);
  put_u16(out, static_cast<uint16_t>(exponent + 32'768));
  out.append(decimal.digits, 0, kDecimalDigitsMax);
  out.push_back('\0');
  if (decimal.negative) {
    for (size_t i = start; i < out.size(); ++i) {
      out[i] = static_cast<char>(~out[i]);
    }
  }
}

Status skip_sortable_decimal(ByteReader& reader) {
  TRY(uint8_t sign, reader.u8());
  if (sign == 0x80) {
    return {};
  }
  if (sign != 0x81 && sign != 0x7F) {
    return fail(ErrorCode::kCorrupt, "a sortable decimal has an unknown sign");
  }
  TRY(auto exponent, reader.take(2));
  static_cast<void>(exponent);
  size_t end = reader.rest().find(sign == 0x81 ? '\0' : '\xFF');
  if (end == std::string_view::npos) {
    return fail(ErrorCode::kCorrupt, "a sortable decimal is not ended");
  }
  TRY(auto digits, reader.take(end + 1));
  static_cast<void>(digits);
  return {};
}

void put_folded(std::string& out, std::string_view text) {
  size_t start = out.size();
  if (!put_folded_ascii(out, text)) {
    put_folded_unicode(out, text);
  }
  if (out.size() - start > kFoldedBytesMax) {
    size_t end = start + kFoldedBytesMax;
    while (end > start && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) {
      --end;
    }
    out.resize(end);
  }
}

}  // namespace continuum::record
