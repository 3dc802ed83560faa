#include "service/who_looked.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/check.h"
#include "crypto/aead.h"
#include "json/writer.h"
#include "record/kv/row.h"
#include "service/bundle.h"
#include "service/operator_look.h"
#include "service/page_token.h"
#include "service/read.h"

namespace continuum::service {
namespace {

constexpr std::string_view kPatientPrefix = "Patient/";
// Held at once while a page is made, at some kilobytes each.
constexpr size_t kAccessesPerPageMax = 100;
// Looked through for one page of what somebody did themselves.
constexpr size_t kAccessesLookedAtMax = 10'000;

// One request that touched the person, with what it did to each of their source patients.
struct Access {
  uint64_t number = 0;  // of the request entry
  ledger::RequestEntry request;
  std::vector<ledger::PersonPart> parts;
  bool sealed = false;  // some part cannot be opened any more
};

// Citizens are not named: whether it was the person themselves is what counts.
std::string_view citizen_of(const Access& access) {
  bool is_self = std::any_of(access.parts.begin(), access.parts.end(), [](const auto& part) {
    return part.relationship == access::kSelfRelationship;
  });
  return is_self ? "the person themselves" : access.sealed ? "a citizen" : "another citizen";
}

std::string agent_of(const Context& context, const Access& access) {
  const ledger::RequestEntry& request = access.request;
  switch (request.principal) {
    case ledger::PrincipalKind::kStaff:
      return fmt::format(
          R"({{"type":{{"text":"staff"}},"role":[{{"text":{}}}],"who":{{"identifier":{{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":{}}},"display":{}}},"requestor":true,"purposeOfUse":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":{}}}]}}]}})",
          json::quoted(request.role), json::quoted(request.subject),
          json::quoted(config::organisation_name(context.region, request.organisation)),
          json::quoted(request.purpose));
    case ledger::PrincipalKind::kCitizen:
      return fmt::format(
          R"({{"type":{{"text":"citizen"}},"who":{{"display":{}}},"requestor":true,"purposeOfUse":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":{}}}]}}]}})",
          json::quoted(citizen_of(access)), json::quoted(request.purpose));
    case ledger::PrincipalKind::kSystem:
    case ledger::PrincipalKind::kOperator:
      break;
  }
  return fmt::format(
      R"({{"type":{{"text":"{}"}},"who":{{"identifier":{{"value":{}}}}},"requestor":true}})",
      request.principal == ledger::PrincipalKind::kOperator ? "operator" : "system",
      json::quoted(request.subject));
}

// Of a command at the ledger: DICOM's "Audit Log Used", and the command.
std::string kind_of(const ledger::RequestEntry& request) {
  if (request.interaction.starts_with(kLedgerLook)) {
    return fmt::format(
        R"("type":{{"system":"http://dicom.nema.org/resources/ontology/DCM","code":"110101"}},"subtype":[{{"code":{}}}])",
        json::quoted(request.interaction));
  }
  return fmt::format(
      R"("type":{{"system":"http://terminology.hl7.org/CodeSystem/audit-event-type","code":"rest"}},"subtype":[{{"system":"http://hl7.org/fhir/restful-interaction","code":{}}}])",
      json::quoted(request.interaction));
}

// Everything that can be said of the items: how many of each type.
std::string details_of(const Access& access, std::string_view done) {
  std::map<std::string, uint64_t> types;
  uint64_t withheld = 0;
  std::string rule;
  std::string relationship;
  for (const ledger::PersonPart& part : access.parts) {
    for (const auto& [type, count] : part.types) {
      types[type] += count;
    }
    withheld += part.withheld;
    rule = rule.empty() ? part.rule : rule;
    relationship = relationship.empty() ? part.relationship : relationship;
  }
  std::string out;
  auto add = [&out](std::string_view type, std::string_view value) {
    out += fmt::format(R"({}{{"type":{},"valueString":{}}})", out.empty() ? "" : ",",
                       json::quoted(type), json::quoted(value));
  };
  for (const auto& [type, count] : types) {
    add(std::string(done) + type, std::to_string(count));
  }
  if (withheld > 0) {
    add("withheld", std::to_string(withheld));
  }
  if (!rule.empty()) {
    add("rule", rule);
  }
  if (!relationship.empty()) {
    add("relationship", relationship);
  }
  return out;
}

bool was_shown(const Access& access) {
  return std::any_of(access.parts.begin(), access.parts.end(), [](const auto& part) {
    return part.disclosure == ledger::Disclosure::kShown;
  });
}

// Codes of http://hl7.org/fhir/audit-event-action; nothing for what changes nothing.
std::string_view action_of_write(std::string_view interaction) {
  return interaction == "create"                             ? "C"
         : interaction == "update" || interaction == "patch" ? "U"
         : interaction == "delete"                           ? "D"
         : interaction == "transaction"                      ? "E"
                                                             : "";
}

std::string audit_event(const Context& context, std::string_view patient, const Access& access) {
  const ledger::RequestEntry& request = access.request;
  bool shown = was_shown(access);
  std::string_view action = action_of_write(request.interaction);
  bool is_write = !action.empty();
  std::string details = details_of(access, is_write ? "written:" : "shown:");
  std::string said = access.sealed       ? "details of this access are no longer kept"
                     : is_write && shown ? "written"
                     : is_write          ? "nothing was written"
                     : shown             ? "shown"
                                         : "nothing was shown";
  return fmt::format(
      R"({{"resourceType":"AuditEvent","id":"ledger-{}",{},"action":"{}","recorded":"{}","outcome":"{}","outcomeDesc":{},"agent":[{}],"source":{{"observer":{{"display":{}}}}},"entity":[{{"what":{{"reference":"Patient/{}"}}{}}}]}})",
      access.number, kind_of(request), is_write ? action : "R", to_fhir_instant(request.instant),
      shown ? "0" : "4", json::quoted(said), agent_of(context, access),
      json::quoted(context.region.name), patient,
      details.empty() ? "" : ",\"detail\":[" + details + "]");
}

fhir::TypeNumber audit_event_type() {
  static const fhir::TypeNumber number = [] {
    auto found = fhir::type_number("AuditEvent");
    CHECK(found.has_value());
    return *found;
  }();
  return number;
}

class Listing {
 public:
  Listing(const Context& context, const record::Person& person)
      : context_(context), view_(context.view.whole_view()), person_(person) {}

  struct Page {
    std::vector<Access> accesses;  // those to be told
    std::optional<uint64_t> next;  // the request that the next page starts with
  };
  // Of the requests numbered `from` or less that are to be told the newest `count_max`, newest
  // first.
  Result<Page> read(uint64_t from, size_t count_max) {
    TRY(auto ledger, view_.ledger());
    size_t looked_at_max = all_are_told() ? count_max : kAccessesLookedAtMax;
    std::map<uint64_t, std::vector<ledger::Access>, std::greater<>> requests;
    uint64_t start =
        from > UINT64_MAX - ledger::kPersonsMax ? UINT64_MAX : from + ledger::kPersonsMax;
    for (const record::SourcePatient& member : person_.members) {
      size_t found = 0;
      TRY(ledger.accesses(member.ord.value(), start, [&](const ledger::Access& access) {
        uint64_t number = access.number - access.ordinal;
        if (number <= from) {
          requests[number].push_back(access);
          ++found;
        }
        return found > looked_at_max ? ledger::Reader::Next::kStop
                                     : ledger::Reader::Next::kContinue;
      }));
    }
    Page page;
    size_t looked_at = 0;
    for (const auto& [number, accesses] : requests) {
      if (looked_at++ == looked_at_max) {
        // SAFETY: of others' looks nothing is told, not even that there are more pages of them.
        page.next = all_are_told() ? std::optional(number) : std::nullopt;
        break;
      }
      TRY(Access access, open(ledger, number, accesses));
      if (!is_to_be_told(access)) {
        continue;
      }
      if (page.accesses.size() == count_max) {
        page.next = number;
        break;
      }
      page.accesses.push_back(std::move(access));
    }
    return page;
  }

 private:
  bool all_are_told() const {
    return context_.view.principal().kind == access::PrincipalKind::kCitizen;
  }

  bool is_to_be_told(const Access& access) const {
    const access::Principal& principal = context_.view.principal();
    if (principal.kind == access::PrincipalKind::kCitizen) {
      return true;
    }
    return principal.kind == access::PrincipalKind::kStaff &&
           access.request.principal == ledger::PrincipalKind::kStaff &&
           access.request.subject == principal.subject && was_shown(access);
  }

  Result<Access> open(const ledger::Reader& ledger, uint64_t number,
                      const std::vector<ledger::Access>& accesses) {
    Access out;
    out.number = number;
    TRY(std::string bytes, ledger.entry(number));
    TRY(auto entry, ledger::decode_entry(bytes));
    const auto* request = std::get_if<ledger::RequestEntry>(&entry);
    if (request == nullptr) {
      return fail(ErrorCode::kCorrupt, "an access leads to no request in the ledger");
    }
    out.request = *request;
    out.request.sealed.clear();
    for (const ledger::Access& access : accesses) {
      TRY(std::string person_bytes, ledger.entry(access.number));
      TRY(auto person_entry, ledger::decode_entry(person_bytes));
      const auto* person = std::get_if<ledger::PersonEntry>(&person_entry);
      if (person == nullptr || person->id != out.request.id) {
        return fail(ErrorCode::kCorrupt, "an access is of another request than it says");
      }
      auto key = view_.audit_key(record::Ord::from_value(access.ord));
      if (!key) {
        out.sealed = true;
        continue;
      }
      std::string plain;
      TRY(crypto::thread_aead().open(
          *key, ledger::person_context(person->id, static_cast<uint16_t>(person->ordinal)),
          person->sealed, plain));
      TRY(auto part, ledger::decode_person_part(plain));
      out.parts.push_back(std::move(part));
    }
    return out;
  }

  const Context& context_;
  const record::View& view_;
  const record::Person& person_;
};

// Whose accesses may be told at all; nothing: an empty list, as for somebody who is not there.
struct Asked {
  record::Ord ord;  // that was named
  record::Person person;
};

Result<std::optional<Asked>> person_asked_about(const Context& context, std::string_view patient) {
  auto kind = context.view.principal().kind;
  if (kind != access::PrincipalKind::kCitizen && kind != access::PrincipalKind::kStaff) {
    return fail(ErrorCode::kNotFound, "there is nothing at this path");
  }
  auto located = locate(context.view, {fhir::kPatientType, patient});
  if (!located) {
    return located.error().code == ErrorCode::kNotFound
               ? std::optional<Asked>()
               : Result<std::optional<Asked>>(fail(located.error()));
  }
  const record::Ord ord = located->key.ord;
  if (!ord.is_patient()) {
    return std::optional<Asked>();
  }
  auto person = context.view.person_of(ord);
  if (!person) {
    return person.error().code == ErrorCode::kNotFound
               ? std::optional<Asked>()
               : Result<std::optional<Asked>>(fail(person.error()));
  }
  return std::optional<Asked>({ord, std::move(*person)});
}

}  // namespace

Result<Answer> who_looked(const Context& context, std::string_view patient, const Address& address,
                          const PageRequest& page) {
  if (patient.starts_with(kPatientPrefix)) {
    patient.remove_prefix(kPatientPrefix.size());
  }
  TRY(context.view.check_search(audit_event_type(), "patient"));
  TRY(auto asked, person_asked_about(context, patient));
  uint64_t from = UINT64_MAX;
  if (page.token) {
    TRY(PageToken token,
        open_page_token({context.page_token_key, context.principal, address}, *page.token));
    from = token.total;
  }
  size_t count_max = std::min<size_t>(page.size.value_or(kAccessesPerPageMax), kAccessesPerPageMax);
  Listing::Page listed;
  if (asked) {
    TRY(listed, Listing(context, asked->person).read(from, count_max));
    context.view.note_told(asked->ord, audit_event_type(), listed.accesses.size());
  }
  BundleWriter bundle(context, "searchset");
  for (const Access& access : listed.accesses) {
    TRY(bundle.add_made(fmt::format("AuditEvent/ledger-{}", access.number),
                        audit_event(context, patient, access)));
  }
  std::optional<PageToken> next;
  if (listed.next) {
    next = PageToken{.t = context.view.stable_t(), .last = {}, .total = *listed.next};
  }
  // How many there are in all is not counted: that would read all.
  return std::move(bundle).finish(address, std::nullopt, next);
}

}  // namespace continuum::service
