#include "record/ids.h"

#include <algorithm>
#include <cstring>

#include "fhir/reference.h"

namespace continuum::record {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";

constexpr std::array<int8_t, 256> make_values() {
  std::array<int8_t, 256> values{};
  for (auto& value : values) {
    value = -1;
  }
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int8_t>(i);
  }
  return values;
}
constexpr std::array<int8_t, 256> kValues = make_values();

}  // namespace

std::string ResourceId::text() const {
  if (!given.empty()) {
    return given;
  }
  std::string out;
  out.reserve(kIdTextSize);
  uint32_t bits = bucket;
  unsigned count = kBucketBits;
  size_t next = 0;
  while (out.size() < kIdTextSize) {
    if (count < 5) {
      bits = (bits << 8) | static_cast<uint8_t>(hash[next++]);
      count += 8;
    }
    out.push_back(kAlphabet[(bits >> (count - 5)) & 31]);
    count -= 5;
    bits &= (uint32_t{1} << count) - 1;
  }
  return out;
}

std::optional<ResourceId> ResourceId::parse(std::string_view text) {
  if (text.size() != kIdTextSize) {
    return std::nullopt;
  }
  ResourceId id;
  uint32_t bits = 0;
  unsigned count = 0;
  size_t next = 0;
  bool have_bucket = false;
  for (char c : text) {
    int value = kValues[static_cast<unsigned char>(c)];
    if (value < 0) {
      return std::nullopt;
    }
    bits = (bits << 5) | static_cast<uint32_t>(value);
    count += 5;
    if (!have_bucket && count >= kBucketBits) {
      count -= kBucketBits;
      id.bucket = static_cast<uint16_t>(bits >> count);
      have_bucket = true;
    } else if (have_bucket && count >= 8) {
      count -= 8;
      id.hash[next++] = static_cast<char>(static_cast<uint8_t>(bits >> count));
    }
    bits &= (uint32_t{1} << count) - 1;
  }
  return id;
}

std::optional<ResourceId> ResourceId::named(std::string_view text) {
  if (auto regional = parse(text)) {
    return regional;
  }
  if (!fhir::is_valid_id(text)) {
    return std::nullopt;
  }
  ResourceId id;
  id.given = text;
  return id;
}

IdHash IdMinter::hash(std::string_view source, fhir::TypeNumber type, std::string_view own_id) {
  message_.assign(source);
  message_.push_back('\0');
  message_.append(fhir::type_name(type));
  message_.push_back('\0');
  message_.append(own_id);
  crypto::Digest digest = hmac_(message_);
  IdHash hash;
  std::memcpy(hash.data(), digest.data(), hash.size());
  return hash;
}

IdHash IdMinter::alias(std::string_view source, std::string_view text) {
  message_.assign(source);
  message_.append(2, '\0');
  message_.append(text);
  crypto::Digest digest = hmac_(message_);
  IdHash hash;
  std::memcpy(hash.data(), digest.data(), hash.size());
  return hash;
}

uint16_t IdMinter::bucket_of(const IdHash& patient_hash) {
  auto high = static_cast<uint8_t>(patient_hash[14]);
  auto low = static_cast<uint8_t>(patient_hash[15]);
  return static_cast<uint16_t>(((high << 8) | low) & ((1 << kBucketBits) - 1));
}

size_t IdHashHasher::operator()(const IdHash& hash) const {
  size_t value = 0;
  std::memcpy(&value, hash.data(), sizeof value);
  return value;
}

}  // namespace continuum::record
