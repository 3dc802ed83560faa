// Family `links`: which source patients are one person (docs/storage_format.md section 2).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "record/ids.h"

namespace continuum::record {

enum class LinkMethod : uint8_t {
  kAlone = 0,  // nothing to join by
  kNhsNumberAndBirthDate = 1,
};

struct PatientLink {
  PersonNumber person = 0;
  LinkMethod method = LinkMethod::kAlone;
  std::string match;  // what the source patient was joined by; empty when alone
};
std::string patient_link_key(Ord ord, T t);
std::string patient_link_prefix(Ord ord);
Result<Ord> decode_patient_link_key(std::string_view key);
std::string encode_patient_link(const PatientLink& link);
Result<PatientLink> decode_patient_link(std::string_view value);

struct Membership {
  PersonNumber person = 0;
  Ord ord;
  T t = 0;
};
std::string membership_key(const Membership& membership);
std::string membership_prefix(PersonNumber person);
std::string membership_prefix(PersonNumber person, Ord ord);
Result<Membership> decode_membership_key(std::string_view key);
std::string encode_joined(bool joined);
Result<bool> decode_joined(std::string_view value);

// Match keys start with a shared part (the NHS number), so that those who share it stand together.
std::string match_key(std::string_view match);
std::string match_prefix(std::string_view start);
Result<std::string> decode_match_key(std::string_view key);
std::string encode_person(PersonNumber person);
Result<PersonNumber> decode_person(std::string_view value);

}  // namespace continuum::record
