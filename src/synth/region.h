// A small synthetic English region: two general practices, two hospital trusts and a council, whose
// records of the same invented people differ as real ones do, with the truth beside them.
//
// The same options give the same bytes on every machine. Person n depends on the seed, `as_at` and
// n alone, never on how many people there are.
//
// Files under the output folder:
//   region.toml                       the region, its organisations and sources
//   truth.json                        who is who, one person a line inside "people"
//   accounts.json                     who may sign in for development: accounts.h
//   <source>/organisations.json       one transaction Bundle: Organization, Location, Practitioner
//   <source>/patients-0001.ndjson     one transaction Bundle a line, one for each source patient
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/instant.h"
#include "base/result.h"
#include "synth/nhs_number.h"
#include "synth/sources.h"

namespace continuum::synth {

struct Options {
  uint32_t people = 1000;  // at most kNhsNumbersMax
  uint64_t seed = 1;
  // Nothing happens at or after it. Default 2026-01-01T00:00:00Z; from 2000 to 2999.
  Instant as_at{1767225600000000};
};

// How a source's Patient differs from the truth.
enum class Alteration : uint8_t { kNoNhsNumber, kInvalidNhsNumber, kWrongBirthDate, kOtherName };
// As in truth.json: "no-nhs-number", "invalid-nhs-number", "wrong-birth-date", "other-name".
std::string_view to_string(Alteration alteration);

struct SourcePatient {
  size_t source = 0;             // index into sources()
  std::string patient_full_url;  // "urn:uuid:..." of the Patient in the bundle
  std::vector<Alteration> altered;
  uint32_t resources = 0;  // entries in the bundle
  std::string bundle;      // compact JSON without a newline
};

struct PersonBundles {
  uint32_t index = 0;
  std::string nhs_number;
  std::string birth_date;
  std::vector<SourcePatient> patients;  // in the order of sources()
};

// Thread-safe: nothing changes after create().
class Generator {
 public:
  // kInvalid for more people than there are NHS numbers, or a date out of range.
  static Result<Generator> create(const Options& options);

  const Options& options() const { return options_; }
  // One person, 0 <= index < people. Replaces the content of `out`, keeping its memory.
  void write_person(uint32_t index, PersonBundles& out) const;
  // organisations.json of a source.
  std::string organisations(size_t source) const;

 private:
  explicit Generator(const Options& options);

  Options options_;
  NhsNumbers numbers_;
  std::array<std::vector<Staff>, kSourceCount> staff_;
};

struct Totals {
  uint32_t people = 0;
  uint64_t source_patients = 0;
  uint64_t resources = 0;
  uint64_t bytes = 0;
};

// The region.toml of the synthetic region.
std::string region_toml();

// Writes the whole region under `directory` (made when missing). What an earlier run left there is
// replaced. Memory does not grow with the number of people. `progress`, if any, is called after
// each person.
Result<Totals> write_region(const Options& options, FileSystem& files, const std::string& directory,
                            const std::function<void(const Totals&)>& progress = {});

}  // namespace continuum::synth
