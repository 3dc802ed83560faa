#include "api/router.h"

#include <array>
#include <vector>

#include "base/check.h"
#include "http/query.h"

namespace continuum::api {
namespace {

struct Row {
  std::string_view pattern;
  std::string_view name;
  std::string_view methods;
};
constexpr std::string_view kGet = "GET, HEAD";
// By Interaction.
constexpr std::array<Row, kInteractionCount> kRows{{
    {"unknown", "unknown", ""},
    {"/health", "health", kGet},
    {"/ready", "ready", kGet},
    {"/metrics", "metrics", kGet},
    {"/fhir/metadata", "metadata", kGet},
    {"/fhir", "search-system", "GET, HEAD, POST"},
    {"/fhir/[type]", "search", "GET, HEAD, POST, PUT, PATCH, DELETE"},
    {"/fhir/[type]/_search", "search", "POST"},
    {"/fhir/[type]/[id]", "read", "GET, HEAD, PUT, PATCH, DELETE"},
    {"/fhir/[type]/[id]/_history", "history", kGet},
    {"/fhir/[type]/[id]/_history/[vid]", "vread", kGet},
    {"/fhir/Patient/[id]/$everything", "everything", kGet},
    {"/ledger/checkpoint", "ledger-checkpoint", kGet},
    {"/ledger/proof", "ledger-proof", kGet},
    {"/ledger/tile/[tile]", "ledger-tile", kGet},
    {"/fhir/[type]", "create", "POST"},
    {"/fhir/[type]/[id]", "update", "PUT"},
    {"/fhir/[type]/[id]", "delete", "DELETE"},
    {"/fhir/[type]/[id]", "patch", "PATCH"},
    {"/fhir", "transaction", "POST"},
    {"/fhir/[type]", "conditional-update", "PUT"},
    {"/fhir/[type]", "conditional-delete", "DELETE"},
    {"/fhir/[type]", "conditional-patch", "PATCH"},
    {"/fhir", "batch", "POST"},
    {"/fhir/[type]/_history", "history-type", kGet},
    {"/fhir/_history", "history-system", kGet},
    {"/fhir/Patient/[id]/$erase", "erase", "POST"},
}};

const Row& row_of(Interaction interaction) {
  return kRows[static_cast<size_t>(interaction)];
}

constexpr std::string_view kLedgerPath = "/ledger/";

Interaction outside_fhir(std::string_view path) {
  return path == "/health"                   ? Interaction::kHealth
         : path == "/ready"                  ? Interaction::kReady
         : path == "/metrics"                ? Interaction::kMetrics
         : path == "/ledger/checkpoint"      ? Interaction::kLedgerCheckpoint
         : path == "/ledger/proof"           ? Interaction::kLedgerProof
         : path.starts_with("/ledger/tile/") ? Interaction::kLedgerTile
                                             : Interaction::kUnknown;
}

// `segments` start with a FHIR type.
Interaction of_type(const std::vector<std::string>& segments, fhir::TypeNumber type) {
  switch (segments.size()) {
    case 1:
      return Interaction::kSearch;
    case 2:
      return segments[1] == "_search"               ? Interaction::kSearchForm
             : segments[1] == "_history"            ? Interaction::kHistoryType
             : segments[1].find_first_of("_$") == 0 ? Interaction::kUnknown
                                                    : Interaction::kRead;
    case 3:
      return segments[2] == "_history"                                    ? Interaction::kHistory
             : segments[2] == "$everything" && type == fhir::kPatientType ? Interaction::kEverything
             : segments[2] == "$erase" && type == fhir::kPatientType      ? Interaction::kErase
                                                                          : Interaction::kUnknown;
    case 4:
      return segments[2] == "_history" ? Interaction::kVread : Interaction::kUnknown;
    default:
      return Interaction::kUnknown;
  }
}

}  // namespace

std::string_view pattern(Interaction interaction) {
  return row_of(interaction).pattern;
}

std::string_view name_of(Interaction interaction) {
  return row_of(interaction).name;
}

bool is_open(Interaction interaction) {
  return interaction == Interaction::kHealth || interaction == Interaction::kReady ||
         interaction == Interaction::kMetadata;
}

bool tells_of_records(Interaction interaction) {
  switch (interaction) {
    case Interaction::kSearch:
    case Interaction::kSearchForm:
    case Interaction::kRead:
    case Interaction::kHistory:
    case Interaction::kHistoryType:
    case Interaction::kHistorySystem:
    case Interaction::kVread:
    case Interaction::kEverything:
    case Interaction::kCreate:
    case Interaction::kUpdate:
    case Interaction::kDelete:
    case Interaction::kTransaction:
    case Interaction::kPatch:
    case Interaction::kUpdateIf:
    case Interaction::kDeleteIf:
    case Interaction::kPatchIf:
    case Interaction::kErase:
      return true;
    default:
      return false;
  }
}

std::string_view allowed_methods(Interaction interaction) {
  return row_of(interaction).methods;
}

bool writes(Interaction interaction) {
  return interaction == Interaction::kCreate || interaction == Interaction::kUpdate ||
         interaction == Interaction::kDelete || interaction == Interaction::kTransaction ||
         interaction == Interaction::kPatch || is_conditional(interaction);
}

bool is_conditional(Interaction interaction) {
  return interaction == Interaction::kUpdateIf || interaction == Interaction::kDeleteIf ||
         interaction == Interaction::kPatchIf;
}

bool allows(Interaction interaction, std::string_view method) {
  switch (interaction) {
    case Interaction::kUnknown:
      return false;
    case Interaction::kSearchForm:
    case Interaction::kCreate:
    case Interaction::kTransaction:
    case Interaction::kBatch:
    case Interaction::kErase:
      return method == "POST";
    case Interaction::kUpdate:
    case Interaction::kUpdateIf:
      return method == "PUT";
    case Interaction::kDelete:
    case Interaction::kDeleteIf:
      return method == "DELETE";
    case Interaction::kPatch:
    case Interaction::kPatchIf:
      return method == "PATCH";
    default:
      return method == "GET" || method == "HEAD";
  }
}

std::string path_of(std::string_view base_url) {
  size_t host = base_url.find("://");
  CHECK(host != std::string_view::npos);
  size_t slash = base_url.find('/', host + 3);
  return slash == std::string_view::npos ? std::string() : std::string(base_url.substr(slash));
}

namespace {

Interaction with_method(Interaction interaction, std::string_view method) {
  if (interaction == Interaction::kSearch) {
    return method == "POST"     ? Interaction::kCreate
           : method == "PUT"    ? Interaction::kUpdateIf
           : method == "PATCH"  ? Interaction::kPatchIf
           : method == "DELETE" ? Interaction::kDeleteIf
                                : interaction;
  }
  if (interaction == Interaction::kRead) {
    return method == "PUT"      ? Interaction::kUpdate
           : method == "PATCH"  ? Interaction::kPatch
           : method == "DELETE" ? Interaction::kDelete
                                : interaction;
  }
  return interaction;
}

}  // namespace

Route find_route(std::string_view base_path, std::string_view path, std::string_view method) {
  Route route;
  if (!path.starts_with(base_path) ||
      (path.size() > base_path.size() && path[base_path.size()] != '/')) {
    route.interaction = outside_fhir(path);
    if (route.interaction == Interaction::kLedgerTile) {
      route.id = path.substr(kLedgerPath.size());
    }
    return route;
  }
  std::string_view below = path.substr(base_path.size());
  if (below.empty() || below == "/") {
    route.interaction = method == "POST" ? Interaction::kTransaction : Interaction::kSystem;
    return route;
  }
  auto segments = http::split_path(below);
  if (!segments) {
    return route;
  }
  if (segments->size() == 1 && segments->front() == "metadata") {
    route.interaction = Interaction::kMetadata;
    return route;
  }
  if (segments->size() == 1 && segments->front() == "_history") {
    route.interaction = Interaction::kHistorySystem;
    return route;
  }
  auto type = fhir::type_number(segments->front());
  if (!type) {
    return route;
  }
  route.type = *type;
  route.interaction = with_method(of_type(*segments, *type), method);
  if (segments->size() > 1 && route.interaction != Interaction::kHistoryType) {
    route.id = (*segments)[1];
  }
  if (segments->size() > 3) {
    route.version = (*segments)[3];
  }
  return route;
}

}  // namespace continuum::api
