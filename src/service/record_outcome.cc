#include "service/record_outcome.h"

#include <fmt/format.h>

#include <algorithm>

#include "access/may_write.h"
#include "fhir/operation_outcome.h"
#include "json/writer.h"
#include "service/bundle.h"
#include "service/limits.h"

namespace continuum::service {
namespace {

// An Extension of Extensions, as an array of one.
class Facts {
 public:
  explicit Facts(std::string_view name) {
    json_ = R"([{"url":")";
    json_ += kStructureDefinitions;
    json_ += name;
    json_ += R"(","extension":)";
  }

  // `value_type`: "String", "Instant" and so on.
  void text(std::string_view name, std::string_view value_type, std::string_view value) {
    start(name, value_type);
    json::write_string(value, json_);
    json_ += '}';
  }
  // A count as FHIR's integer, which ends at 2^31 - 1.
  void count(std::string_view name, uint64_t value) {
    start(name, "Integer");
    json_ += std::to_string(std::min<uint64_t>(value, INT32_MAX));
    json_ += '}';
  }
  void reference(std::string_view name, std::string_view target) {
    start(name, "Reference");
    json_ += R"({"reference":)";
    json::write_string(target, json_);
    json_ += "}}";
  }
  std::string finish() && { return std::move(json_) + "]}]"; }

 private:
  void start(std::string_view name, std::string_view value_type) {
    json_ += fmt::format(R"({}{{"url":"{}","value{}":)", before_, name, value_type);
    before_ = ',';
  }
  std::string json_;
  char before_ = '[';
};

struct SourceNames {
  std::string name;
  std::string organisation;  // empty when region.toml doesn't have the source
  std::string shown() const {
    return organisation.empty() ? fmt::format("source {} (not in region.toml)", name)
                                : fmt::format("source {} ({})", name, organisation);
  }
};

SourceNames names_of(const config::Region& region, std::string_view source_name) {
  for (const config::Source& source : region.sources) {
    if (source.name == source_name) {
      return {source.name, config::organisation_name(region, source.organisation)};
    }
  }
  return {std::string(source_name), {}};
}

SourceNames names_of(const Context& context, const std::vector<record::SourceStatus>& sources,
                     record::SourceNumber number) {
  for (const record::SourceStatus& source : sources) {
    if (source.number == number) {
      return names_of(context.region, source.name);
    }
  }
  return {fmt::format("number {}", number), {}};
}

enum class Standing : uint8_t { kJoined, kApart };

// Somebody else's record, perhaps: that there is one is said, which one is not.
fhir::Issue apart_unnamed() {
  Facts facts("joined-source");
  facts.text("state", "Code", "apart");
  return {.severity = fhir::Severity::kWarning,
          .code = "incomplete",
          .diagnostics =
              "not joined: another record has the same NHS number but another birth "
              "date; you may not see it",
          .extension = std::move(facts).finish()};
}

fhir::Issue patient_issue(const record::SourcePatient& patient, const SourceNames& names,
                          Standing standing) {
  std::string reference = "Patient/" + patient.patient.text();
  bool joined_by_number = patient.method == record::LinkMethod::kNhsNumberAndBirthDate;
  Facts facts("joined-source");
  facts.reference("patient", reference);
  facts.text("source", "String", names.name);
  if (!names.organisation.empty()) {
    facts.text("organisation", "String", names.organisation);
  }
  facts.text("method", "Code", joined_by_number ? "nhs-number-and-birth-date" : "alone");
  facts.text("state", "Code", standing == Standing::kJoined ? "joined" : "apart");

  if (standing == Standing::kApart) {
    return {.severity = fhir::Severity::kWarning,
            .code = "incomplete",
            .diagnostics = fmt::format("not joined: {} of {} has the same NHS number but another "
                                       "birth date",
                                       reference, names.shown()),
            .extension = std::move(facts).finish()};
  }
  return {.severity = fhir::Severity::kInformation,
          .code = "informational",
          .diagnostics = fmt::format(
              "{} of {}: {}", reference, names.shown(),
              joined_by_number ? "joined by NHS number and birth date" : "alone: not joined"),
          .extension = std::move(facts).finish()};
}

std::string describe(const record::Refusal& refusal) {
  return refusal.type.empty() ? refusal.reason
                              : fmt::format("{}: {}", refusal.type, refusal.reason);
}

Result<fhir::Issue> source_issue(const Context& context, const SourceNames& names,
                                 const record::SourceStatus* status) {
  Facts facts("source-status");
  facts.text("source", "String", names.name);
  if (!names.organisation.empty()) {
    facts.text("organisation", "String", names.organisation);
  }
  if (status == nullptr || !status->arrival) {
    return fhir::Issue{.severity = fhir::Severity::kWarning,
                       .code = "incomplete",
                       .diagnostics = names.shown() + ": never received",
                       .extension = std::move(facts).finish()};
  }
  const record::Arrival& arrival = *status->arrival;
  std::string instant = to_fhir_instant(arrival.instant);
  facts.text("lastReceived", "Instant", instant);
  facts.count("received", arrival.received);
  facts.count("failed", arrival.refused);
  facts.count("withoutPatient", arrival.quarantined);
  facts.text("lastLoad", "Code", arrival.complete ? "complete" : "incomplete");
  std::string said = fmt::format("{}: last received {}, {} failed to load", names.shown(), instant,
                                 arrival.refused);
  if (arrival.refused > 0) {
    TRY(auto refusals, context.view.refusals(status->number, kReasonsToldMax));
    for (const record::Refusal& refusal : refusals) {
      facts.text("reason", "String", describe(refusal));
      said += (&refusal == refusals.data() ? " (" : "; ") + describe(refusal);
    }
    said += refusals.empty() ? "" : refusals.size() < arrival.refused ? "; and others)" : ")";
  }
  if (arrival.quarantined > 0) {
    said +=
        fmt::format("; {} more wait in quarantine: which patient they are about is not known here",
                    arrival.quarantined);
  }
  if (!arrival.complete) {
    said += "; a load is under way or was cut short: what it brings may be missing";
  }
  bool incomplete = arrival.refused > 0 || arrival.quarantined > 0 || !arrival.complete;
  return fhir::Issue{
      .severity = incomplete ? fhir::Severity::kWarning : fhir::Severity::kInformation,
      .code = incomplete ? "incomplete" : "informational",
      .diagnostics = std::move(said),
      .extension = std::move(facts).finish()};
}

// Every source of region.toml, in its order, then those only the store knows. Authors' are none:
// what they write comes by itself, and nothing of it is late or lost.
Status add_sources(const Context& context, const std::vector<record::SourceStatus>& stored,
                   std::vector<fhir::Issue>& issues) {
  for (const config::Source& source : context.region.sources) {
    auto found = std::find_if(stored.begin(), stored.end(),
                              [&source](const auto& status) { return status.name == source.name; });
    TRY(auto issue, source_issue(context, names_of(context.region, source.name),
                                 found == stored.end() ? nullptr : &*found));
    issues.push_back(std::move(issue));
  }
  for (const record::SourceStatus& status : stored) {
    SourceNames names = names_of(context.region, status.name);
    if (access::is_author_source(status.name)) {
      continue;
    }
    if (names.organisation.empty()) {
      TRY(auto issue, source_issue(context, names, &status));
      issues.push_back(std::move(issue));
    }
  }
  return {};
}

using Sources = std::vector<record::SourceStatus>;

// SAFETY: of source patients that the caller may see nothing of, nothing is said: not even who has
// them.
Status add_members(const Context& context, const Sources& sources, const record::Person& person,
                   std::vector<fhir::Issue>& issues) {
  size_t named = 0;
  for (const record::SourcePatient& member : person.members) {
    TRY(bool may_be_named, context.view.may_see_anything_of(member.ord));
    if (!may_be_named) {
      continue;
    }
    if (named++ < kMembersNamedMax) {
      context.view.note_told(member.ord, fhir::kPatientType, 0);
      issues.push_back(
          patient_issue(member, names_of(context, sources, member.source), Standing::kJoined));
    }
  }
  if (named > kMembersNamedMax) {
    issues.push_back({.severity = fhir::Severity::kWarning,
                      .code = "incomplete",
                      .diagnostics = fmt::format("{} more source patients are joined here, which "
                                                 "is unusual: are they one person?",
                                                 named - kMembersNamedMax),
                      .extension = {}});
  }
  return {};
}

// That somebody else has the same number is a warning to those who treat the person; to others it
// is none of their business.
Status add_apart(const Context& context, const Sources& sources, const record::Person& person,
                 std::vector<fhir::Issue>& issues) {
  bool is_person = context.view.principal().kind == access::PrincipalKind::kStaff ||
                   context.view.principal().kind == access::PrincipalKind::kCitizen;
  size_t named = 0;
  bool some_unnamed = false;
  TRY(auto apart, context.view.apart_from(person));
  for (const record::SourcePatient& other : apart) {
    TRY(bool may_be_named, context.view.may_see_anything_of(other.ord));
    if (may_be_named && named++ < kMembersNamedMax) {
      context.view.note_told(other.ord, fhir::kPatientType, 0);
      issues.push_back(
          patient_issue(other, names_of(context, sources, other.source), Standing::kApart));
    }
    some_unnamed = some_unnamed || !may_be_named;
  }
  if (some_unnamed && is_person) {
    issues.push_back(apart_unnamed());
  }
  return {};
}

}  // namespace

Result<std::string> record_outcome(const Context& context, const record::Person& person,
                                   Period period) {
  TRY(auto sources, context.view.sources());
  std::vector<fhir::Issue> issues;
  TRY(add_members(context, sources, person, issues));
  TRY(add_apart(context, sources, person, issues));
  TRY(add_sources(context, sources, issues));
  if (period == Period::kByDate) {
    issues.push_back({.severity = fhir::Severity::kWarning,
                      .code = "incomplete",
                      .diagnostics = "start and end choose by the date something began: what began "
                                     "earlier and still goes on is not in this answer",
                      .extension = {}});
  }
  return fhir::operation_outcome(issues);
}

}  // namespace continuum::service
