#include "http/compress.h"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <memory>

#include "http/limits.h"
#include "http/message.h"

namespace continuum::http {

namespace {

constexpr int kQualityMax = 1000;
constexpr int kNotNamed = -1;

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// weight = "0" [ "." 0*3DIGIT ] / "1" [ "." 0*3"0" ], in thousandths.
std::optional<int> parse_quality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1') ||
      (text.size() > 1 && text[1] != '.')) {
    return std::nullopt;
  }
  int quality = (text[0] - '0') * kQualityMax;
  int unit = kQualityMax / 10;
  for (const char c : text.substr(std::min<size_t>(2, text.size()))) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    quality += (c - '0') * unit;
    unit /= 10;
  }
  return quality <= kQualityMax ? std::optional(quality) : std::nullopt;
}

struct Accepted {
  std::string_view coding;
  int quality;
};

std::optional<Accepted> parse_member(std::string_view member) {
  const size_t semicolon = member.find(';');
  const std::string_view coding = trim(member.substr(0, semicolon));
  if (coding.empty()) {
    return std::nullopt;
  }
  if (semicolon == std::string_view::npos) {
    return Accepted{coding, kQualityMax};
  }
  const std::string_view weight = trim(member.substr(semicolon + 1));
  if (weight.size() < 2 || (weight[0] | 0x20) != 'q' || weight[1] != '=') {
    return std::nullopt;
  }
  const auto quality = parse_quality(weight.substr(2));
  return quality ? std::optional(Accepted{coding, *quality}) : std::nullopt;
}

// The q of one coding in a field; kNotNamed when neither it nor "*" is there.
int quality_of(std::string_view coding, std::string_view field) {
  int wildcard = kNotNamed;
  for (uint32_t seen = 0; seen < kCodingsMax && !field.empty(); ++seen) {
    const size_t comma = field.find(',');
    const auto accepted = parse_member(field.substr(0, comma));
    field.remove_prefix(comma == std::string_view::npos ? field.size() : comma + 1);
    if (accepted && equals_ignoring_case(accepted->coding, coding)) {
      return accepted->quality;
    }
    if (accepted && accepted->coding == "*") {
      wildcard = accepted->quality;
    }
  }
  return wildcard;
}

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const {
    libdeflate_free_compressor(compressor);
  }
};
struct FreeDecompressor {
  void operator()(libdeflate_decompressor* decompressor) const {
    libdeflate_free_decompressor(decompressor);
  }
};

}  // namespace

std::optional<std::string_view> choose_coding(std::optional<std::string_view> accept_encoding,
                                              std::span<const std::string_view> offered) {
  std::optional<std::string_view> best;
  int best_quality = 0;
  for (const std::string_view coding : offered) {
    int quality = accept_encoding ? quality_of(coding, *accept_encoding) : kNotNamed;
    if (quality == kNotNamed) {
      // Identity nobody named is acceptable, but less than anything that was named.
      quality = coding == kIdentityCoding ? 1 : 0;
    }
    if (quality > best_quality) {
      best = coding;
      best_quality = quality;
    }
  }
  return best;
}

bool accepts_gzip(std::optional<std::string_view> accept_encoding) {
  static constexpr std::array kOffered = {kGzipCoding, kIdentityCoding};
  return choose_coding(accept_encoding, kOffered) == kGzipCoding;
}

Result<std::string> gzip(std::string_view bytes) {
  thread_local const std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor(
      libdeflate_alloc_compressor(1));
  if (compressor == nullptr) {
    return fail(ErrorCode::kUnavailable, "no memory for a compressor");
  }
  std::string out(libdeflate_gzip_compress_bound(compressor.get(), bytes.size()), '\0');
  out.resize(libdeflate_gzip_compress(compressor.get(), bytes.data(), bytes.size(), out.data(),
                                      out.size()));
  if (out.empty()) {
    return fail(ErrorCode::kInternal, "gzip bound was too small");
  }
  return out;
}

Result<std::string> gunzip(std::string_view bytes, uint64_t size_max) {
  thread_local const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  if (decompressor == nullptr) {
    return fail(ErrorCode::kUnavailable, "no memory for a decompressor");
  }
  std::string out;
  uint64_t room = std::min<uint64_t>(size_max, bytes.size() * 4 + 64);
  while (true) {
    out.resize(room);
    size_t consumed = 0;
    size_t produced = 0;
    const auto result = libdeflate_gzip_decompress_ex(
        decompressor.get(), bytes.data(), bytes.size(), out.data(), room, &consumed, &produced);
    if (result == LIBDEFLATE_SUCCESS && consumed == bytes.size()) {
      out.resize(produced);
      return out;
    }
    if (result != LIBDEFLATE_INSUFFICIENT_SPACE) {
      return fail(ErrorCode::kInvalid, "not one whole gzip member");
    }
    if (room == size_max) {
      return fail(ErrorCode::kTooLarge, "over the size limit once decompressed");
    }
    room = std::min<uint64_t>(size_max, room * 2);
  }
}

}  // namespace continuum::http
