#include "api/capability_statement.h"

#include <fmt/format.h>

#include "fhir/types.h"
#include "json/writer.h"

namespace continuum::api {
namespace {

constexpr std::string_view kPatientSearch =
    R"(,"searchParam":[{"name":"identifier","definition":"http://hl7.org/fhir/SearchParameter/Patient-identifier","type":"token","documentation":"system|value, both given"}],"operation":[{"name":"everything","definition":"http://hl7.org/fhir/OperationDefinition/Patient-everything","documentation":"[id] only; _type, _since, start, end, _count, and _asOf: an instant or t:N, for the record as it was"},{"name":"erase","definition":"https://continuum.example/fhir/OperationDefinition/Patient-erase","documentation":"[id] only; staff in a role that the region names, two of them: docs/operations.md"}])";

constexpr std::string_view kAuditEventSearch =
    R"(,"searchParam":[{"name":"patient","definition":"http://hl7.org/fhir/SearchParameter/clinical-patient","type":"reference","documentation":"who looked at that person: theirs to see, and staff's as far as it was they"}])";

// Who may: docs/writing.md.
constexpr std::string_view kWrites =
    R"(,{"code":"create"},{"code":"update"},{"code":"patch"},{"code":"delete"})";

constexpr std::string_view kConditions =
    R"(,"conditionalCreate":true,"conditionalUpdate":true,"conditionalDelete":"single")";

std::string type_entry(fhir::TypeNumber type) {
  bool is_ledgers = fhir::type_name(type) == "AuditEvent";
  std::string_view search = type == fhir::kPatientType ? kPatientSearch
                            : is_ledgers               ? kAuditEventSearch
                                                       : "";
  return fmt::format(
      R"({{"type":"{}","interaction":[{{"code":"read"}},{{"code":"vread"}},{{"code":"history-instance"}},{{"code":"history-type"}}{}{}],"versioning":"versioned","readHistory":true,"updateCreate":{},"conditionalRead":"full-support"{}{}}})",
      fhir::type_name(type), is_ledgers ? "" : kWrites,
      search.empty() ? "" : R"(,{"code":"search-type"})", !is_ledgers,
      is_ledgers ? "" : kConditions, search);
}

}  // namespace

std::string capability_statement(const config::Region& region, std::string_view software_version,
                                 std::string_view date) {
  std::string out = fmt::format(
      R"({{"resourceType":"CapabilityStatement","status":"active","date":"{}","kind":"instance","software":{{"name":"{}","version":"{}"}},"implementation":{{"description":{},"url":{}}},"fhirVersion":"4.0.1","format":["application/fhir+json","json"],"patchFormat":["application/json-patch+json"],"rest":[{{"mode":"server","security":{{"description":"Authorization: Bearer, with an access token (RFC 9068) for this server"}},"resource":[)",
      date, kSoftwareName, software_version, json::quoted(region.name),
      json::quoted(region.base_url));
  for (size_t type = 0; type < fhir::type_count(); ++type) {
    out += type == 0 ? "" : ",";
    out += type_entry(static_cast<fhir::TypeNumber>(type));
  }
  out +=
      R"(],"interaction":[{"code":"transaction"},{"code":"batch"},{"code":"history-system","documentation":"systems: what their own source sent; citizens: their own record"}]}]})";
  return out;
}

}  // namespace continuum::api
