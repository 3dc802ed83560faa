#include "record/kv/links.h"

#include "base/bytes.h"
#include "record/kv/row.h"
#include "record/kv/values.h"

namespace continuum::record {

std::string patient_link_prefix(Ord ord) {
  std::string key = "o";
  put_ord(key, ord);
  return key;
}

std::string patient_link_key(Ord ord, T t) {
  std::string key = patient_link_prefix(ord);
  put_u64(key, ~t);
  return key;
}

Result<Ord> decode_patient_link_key(std::string_view key) {
  ByteReader reader(key);
  TRY(uint8_t kind, reader.u8());
  TRY(uint64_t ord, reader.u48());
  TRY(uint64_t t, reader.u64());
  static_cast<void>(t);
  if (kind != 'o' || !reader.empty()) {
    return fail(ErrorCode::kCorrupt, "a link key has the wrong shape");
  }
  return Ord::from_value(ord);
}

std::string encode_patient_link(const PatientLink& link) {
  std::string value;
  put_u64(value, link.person);
  put_u8(value, static_cast<uint8_t>(link.method));
  value.append(link.match);
  return value;
}

Result<PatientLink> decode_patient_link(std::string_view value) {
  ByteReader reader(value);
  PatientLink link;
  TRY(link.person, reader.u64());
  TRY(uint8_t method, reader.u8());
  if (method > static_cast<uint8_t>(LinkMethod::kNhsNumberAndBirthDate)) {
    return fail(ErrorCode::kCorrupt, "a link has an unknown method");
  }
  link.match = reader.rest();
  link.method = static_cast<LinkMethod>(method);
  return link;
}

std::string membership_prefix(PersonNumber person) {
  std::string key = "m";
  put_u64(key, person);
  return key;
}

std::string membership_prefix(PersonNumber person, Ord ord) {
  std::string key = membership_prefix(person);
  put_ord(key, ord);
  return key;
}

std::string membership_key(const Membership& membership) {
  std::string key = membership_prefix(membership.person, membership.ord);
  put_u64(key, ~membership.t);
  return key;
}

Result<Membership> decode_membership_key(std::string_view key) {
  ByteReader reader(key);
  TRY(uint8_t kind, reader.u8());
  Membership membership;
  TRY(membership.person, reader.u64());
  TRY(uint64_t ord, reader.u48());
  TRY(uint64_t t, reader.u64());
  membership.ord = Ord::from_value(ord);
  membership.t = ~t;
  if (kind != 'm' || !reader.empty()) {
    return fail(ErrorCode::kCorrupt, "a membership key has the wrong shape");
  }
  return membership;
}

std::string encode_joined(bool joined) {
  return std::string(1, joined ? '\x01' : '\x00');
}

Result<bool> decode_joined(std::string_view value) {
  if (value.size() != 1 || static_cast<uint8_t>(value[0]) > 1) {
    return fail(ErrorCode::kCorrupt, "a membership has an unknown state");
  }
  return value[0] == 1;
}

std::string match_key(std::string_view match) {
  std::string key = "k";
  put_term(key, match);
  return key;
}

std::string match_prefix(std::string_view start) {
  return "k" + std::string(start);
}

Result<std::string> decode_match_key(std::string_view key) {
  if (key.empty() || key.front() != 'k') {
    return fail(ErrorCode::kCorrupt, "a match key has the wrong shape");
  }
  ByteReader reader(key.substr(1));
  TRY(Term term, take_term(reader));
  return term.text;
}

std::string encode_person(PersonNumber person) {
  std::string value;
  put_u64(value, person);
  return value;
}

Result<PersonNumber> decode_person(std::string_view value) {
  return ByteReader(value).u64();
}

}  // namespace continuum::record
