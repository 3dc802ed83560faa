// A region in one file: region.toml, read with the line and column of every problem.
//
//   name = "Exemplar"                              # required
//   base_url = "http://127.0.0.1:8080/fhir"        # required; the FHIR base, ends with /fhir
//   cache_mb = 256                                 # memory for the store's block cache
//   mode = "live"                                  # or "demo": synthetic people only
//
//   [listen]
//   address = "127.0.0.1"                          # a loopback address
//   port = 8080                                    # 0: any free port
//
//   [limits]                                       # see limits.h for keys, ranges and defaults
//   body_bytes = 67108864
//
//   [[organisation]]
//   ods_code = "A81001"                            # required, unique
//   name = "Exemplar Surgery"                      # required
//   kind = "gp-practice"                           # required, one of kOrganisationKinds
//
//   [[source]]
//   name = "a81001-gp"                             # required, unique: a-z, 0-9 and hyphens
//   organisation = "A81001"                        # required: the ODS code of one above or below
//   client_id = "exemplar-surgery-system"          # optional, unique: who may write as this source
//   structure = "mark"                             # optional: what becomes of resources it writes
//                                                  # that R4 does not allow: refuse (the default),
//                                                  # or stored and marked, see kStructureHandlings
//
//   [[issuer]]                                     # whose access tokens are believed
//   url = "https://id.example.org"                 # required, unique; http in a demo on loopback
//   kinds = ["staff", "citizen"]                   # required: who it may speak for, see
//   kCallerKinds jwks_file = "/etc/continuum/issuer.json"       # optional: its keys, instead of
//   asking it
//
//   [erasure]                                      # optional: without it nobody erases over the
//   API roles = ["R8015"]                              # staff in these may have their
//   organisation's own
//                                                  # records erased, two of them together
//
//   [[operator]]
//   client_id = "exemplar-monitoring"              # required; unique, among those of sources too
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "config/limits.h"

namespace continuum::config {

enum class OrganisationKind : uint8_t {
  kGpPractice,
  kAcuteTrust,
  kCommunity,
  kMentalHealth,
  kAmbulance,
  kPharmacy,
  kMaternity,
  kSocialCare,
  kCareHome,
  kOther,
};

constexpr std::array<std::pair<OrganisationKind, std::string_view>, 10> kOrganisationKinds{{
    {OrganisationKind::kGpPractice, "gp-practice"},
    {OrganisationKind::kAcuteTrust, "acute-trust"},
    {OrganisationKind::kCommunity, "community"},
    {OrganisationKind::kMentalHealth, "mental-health"},
    {OrganisationKind::kAmbulance, "ambulance"},
    {OrganisationKind::kPharmacy, "pharmacy"},
    {OrganisationKind::kMaternity, "maternity"},
    {OrganisationKind::kSocialCare, "social-care"},
    {OrganisationKind::kCareHome, "care-home"},
    {OrganisationKind::kOther, "other"},
}};

std::string_view to_string(OrganisationKind kind);

struct Organisation {
  std::string ods_code;
  std::string name;
  OrganisationKind kind = OrganisationKind::kOther;
  bool operator==(const Organisation&) const = default;
};

// One system of one organisation that sends data.
// What becomes of a resource that is not built as R4 says, when a system writes it.
enum class StructureHandling : uint8_t { kRefuse, kMark };

constexpr std::array<std::pair<StructureHandling, std::string_view>, 2> kStructureHandlings{{
    {StructureHandling::kRefuse, "refuse"},
    {StructureHandling::kMark, "mark"},
}};

struct Source {
  std::string name;
  std::string organisation;  // ODS code of one of Region::organisations
  std::string client_id;     // empty: loaded by an operator only
  StructureHandling structure = StructureHandling::kRefuse;
  bool operator==(const Source&) const = default;
};

// Who an access token may speak for.
enum class CallerKind : uint8_t { kStaff, kCitizen, kSystem, kOperator };

constexpr std::array<std::pair<CallerKind, std::string_view>, 4> kCallerKinds{{
    {CallerKind::kStaff, "staff"},
    {CallerKind::kCitizen, "citizen"},
    {CallerKind::kSystem, "system"},
    {CallerKind::kOperator, "operator"},
}};

std::string_view to_string(CallerKind kind);

// An OpenID Connect provider whose access tokens are believed.
struct Issuer {
  std::string url;                // compared with a token's `iss` byte for byte
  std::vector<CallerKind> kinds;  // in file order, each once, at least one
  std::string jwks_file;          // empty: keys are fetched as the issuer's discovery document says
  bool operator==(const Issuer&) const = default;
};

// A system that watches the server and sees no records.
struct Operator {
  std::string client_id;
  bool operator==(const Operator&) const = default;
};

// A demo holds synthetic people only, and may trust issuers that are for development.
enum class Mode : uint8_t { kLive, kDemo };

struct Listen {
  std::string address = "127.0.0.1";
  uint16_t port = 8080;
  bool operator==(const Listen&) const = default;
};

struct Region {
  std::string name;
  std::string base_url;
  uint64_t cache_mb = 256;
  Mode mode = Mode::kLive;
  Listen listen;
  Limits limits;
  std::vector<Organisation> organisations;  // in file order
  std::vector<Source> sources;              // in file order
  std::vector<Issuer> issuers;              // in file order
  std::vector<Operator> operators;          // in file order
  std::vector<std::string> erasure_roles;   // in file order, each once
  bool operator==(const Region&) const = default;
};

// As people know the organisation; the code itself when the region has none of that code.
std::string organisation_name(const Region& region, std::string_view ods_code);

// Reads and validates. Every problem found is one ErrorDetail {where "FILE:LINE:COLUMN", what was
// found and expected}, in file order; a syntax error ends the search. kInvalid, or kTooLarge over
// kRegionFileBytesMax. `file_name` is only shown.
Result<Region> parse_region(std::string_view text, std::string_view file_name);

// The same from a file; kNotFound when there is none.
Result<Region> load_region(FileSystem& files, const std::string& path);

// The text of a region.toml from which parse_region makes an equal Region, when `region` is valid.
std::string to_toml(const Region& region);

}  // namespace continuum::config
