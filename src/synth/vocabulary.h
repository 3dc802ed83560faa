// The words and the few codes that the synthetic region is made of. All lists are our own; displays
// are in our own words. Codes are a handful of widely published ones, enough to look real: this is
// no terminology.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace continuum::synth {

inline constexpr std::string_view kSnomed = "http://snomed.info/sct";
inline constexpr std::string_view kLoinc = "http://loinc.org";

struct Code {
  std::string_view code;
  std::string_view display;
};

enum class Sex : uint8_t { kFemale, kMale };
enum class OnlyFor : uint8_t { kAnyone, kWomen, kMen };

// A laboratory test or vital sign; numbers are scaled by 10^places.
struct Measure {
  std::string_view loinc;
  std::string_view display;
  std::string_view unit;
  std::string_view ucum;
  uint8_t places;
  int32_t middle;
  int32_t spread;
  int32_t low;
  int32_t high;
};

struct Panel {
  Code code;
  std::span<const Measure> tests;
};

enum PanelNumber : uint8_t {
  kBloodCount,
  kRenal,
  kLipids,
  kGlycated,
  kThyroid,
  kLiver,
  kInflammation,
  kPanelCount
};

struct Medicine {
  Code code;
  std::string_view product;
  std::string_view dose;
  std::string_view unit;
  uint16_t quantity;
  uint8_t times_a_day;
};

// Indexes into medicines(); kNoMedicine ends a list early.
inline constexpr uint8_t kNoMedicine = 255;

// A long-term condition. Prevalence is per mille at 20, 40, 60 and 80 years.
struct LongTermKind {
  Code code;
  OnlyFor only_for;
  uint8_t onset_age_min;
  std::array<uint16_t, 4> prevalence;
  std::array<uint8_t, 2> panels;
  std::array<uint8_t, 2> medicines;
};

struct MinorKind {
  Code code;
  uint8_t medicine;
};

struct HospitalKind {
  Code code;
  OnlyFor only_for;
  uint8_t age_min;
  uint8_t age_max;
  uint8_t weight;
  Code procedure;
  std::string_view specialty;
};

struct Allergen {
  Code code;
  Code reaction;
  std::string_view category;
};

struct VaccineKind {
  Code code;
  Code target;
};
enum VaccineNumber : uint8_t { kSixInOne, kMmr, kPneumococcal, kInfluenza, kCovid, kShingles };

struct EthnicGroup {
  Code code;
  uint16_t weight;
  uint8_t names;
};

struct NamePool {
  std::span<const std::string_view> women;
  std::span<const std::string_view> men;
  std::span<const std::string_view> families;
};

std::span<const Panel> panels();
std::span<const Medicine> medicines();
std::span<const LongTermKind> long_term_kinds();
std::span<const MinorKind> minor_kinds();
std::span<const HospitalKind> hospital_kinds();
std::span<const Allergen> allergens();
std::span<const VaccineKind> vaccines();
std::span<const EthnicGroup> ethnic_groups();
std::span<const NamePool> name_pools();

std::span<const std::string_view> streets();
std::span<const std::string_view> towns();
std::span<const std::string_view> openings();
std::span<const std::string_view> symptoms();
std::span<const std::string_view> findings();
std::span<const std::string_view> plans();
std::span<const std::string_view> living_notes();
std::span<const std::string_view> goals();

}  // namespace continuum::synth
