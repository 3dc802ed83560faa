#include "api/replay.h"

#include "access/door.h"
#include "api/answer.h"
#include "crypto/aead.h"

namespace continuum::api {
namespace {

constexpr uint64_t kReplayBytesMax = uint64_t{1} << 30;
constexpr std::string_view kDigestPrefix = "sha256:";

Result<ledger::RequestEntry> find_request(const ledger::Reader& ledger,
                                          const access::Receipt& receipt) {
  auto none = [] { return fail(ErrorCode::kInvalid, "the ledger has no request of that receipt"); };
  if (receipt.number >= ledger.size()) {
    return none();
  }
  TRY(std::string bytes, ledger.entry(receipt.number));
  TRY(auto entry, ledger::decode_entry(bytes));
  auto* request = std::get_if<ledger::RequestEntry>(&entry);
  return request != nullptr && request->id == receipt.id
             ? Result<ledger::RequestEntry>(std::move(*request))
             : none();
}

Result<access::SealedRequest> open_request(const record::View& view,
                                           const ledger::RequestEntry& entry) {
  TRY(crypto::Key key, view.audit_month_key(entry.month));
  std::string plain;
  TRY(crypto::thread_aead().open(key, ledger::request_context(entry.id), entry.sealed, plain));
  TRY(auto sealed, access::decode_sealed_request(plain));
  for (const std::string* text :
       {&sealed.request.path, &sealed.request.query, &sealed.request.form}) {
    if (text->starts_with(kDigestPrefix)) {
      return fail(ErrorCode::kUnsupported, "the request was too long to be kept whole");
    }
  }
  return sealed;
}

Result<access::Policy> policy_of(const ledger::Reader& ledger, const crypto::Digest& digest) {
  TRY(auto number, ledger.policy_entry(digest));
  if (!number) {
    return fail(ErrorCode::kNotFound, "the policy of then is not in the ledger");
  }
  TRY(std::string bytes, ledger.entry(*number));
  TRY(auto entry, ledger::decode_entry(bytes));
  const auto* policy = std::get_if<ledger::PolicyEntry>(&entry);
  if (policy == nullptr) {
    return fail(ErrorCode::kCorrupt, "the ledger's row of a policy leads to another entry");
  }
  TRY(auto parsed, access::Policy::parse(policy->text, "ledger"));
  if (parsed.digest() != digest) {
    return fail(ErrorCode::kCorrupt, "the policy in the ledger is not that of its digest");
  }
  return parsed;
}

bool tells_of_items(const Route& route) {
  switch (route.interaction) {
    case Interaction::kRead:
    case Interaction::kVread:
    case Interaction::kHistory:
    case Interaction::kHistoryType:
    case Interaction::kHistorySystem:
    case Interaction::kEverything:
      return true;
    case Interaction::kSearch:
    case Interaction::kSearchForm:
      return route.type == fhir::kPatientType;
    default:
      return false;
  }
}

http::Request to_request(const access::Request& kept) {
  http::Request request;
  request.method = kept.method;
  request.set_target(kept.query.empty() ? kept.path : kept.path + "?" + kept.query);
  request.body = kept.form;
  for (const auto& [name, value] : kept.fields) {
    request.headers.add(name, value);
  }
  return request;
}

}  // namespace

Result<Replayed> replay(record::Store& store, const config::Region& region, const Clock& clock,
                        const access::Receipt& receipt) {
  auto view = store.view();
  TRY(auto ledger, view->ledger());
  TRY(auto entry, find_request(ledger, receipt));
  TRY(auto sealed, open_request(*view, entry));
  Route route = find_route(path_of(region.base_url), sealed.request.path, sealed.request.method);
  if (!tells_of_items(route)) {
    return fail(ErrorCode::kUnsupported, "that request told nothing of items in a record",
                {{entry.interaction,
                  "what can be rebuilt: reads, histories, whole records and "
                  "searches for patients"}});
  }
  TRY(auto policy, policy_of(ledger, entry.policy));
  TRY(auto door, access::Door::open({.store = store, .region = region, .clock = clock}, policy));
  TRY(auto visit,
      door->enter_as_of(sealed.principal, sealed.request, policy, entry.instant, entry.t));
  std::vector<record::Ord> patients;
  for (uint64_t patient : sealed.patients) {
    patients.push_back(record::Ord::from_value(patient));
  }
  visit->look_among(std::move(patients));

  http::Request request = to_request(sealed.request);
  http::ByteBudget budget(kReplayBytesMax);
  http::Response response =
      answer_as(request, route, *visit, region, budget, store.page_token_key());
  if (response.status >= 400 && response.status != 410) {
    visit->show_nothing();
  }
  access::Visit::Summary summary = visit->summary();
  Replayed out;
  out.method = sealed.request.method;
  out.path = sealed.request.path;
  out.status = static_cast<uint16_t>(response.status);
  out.shown = visit->shown();
  out.withheld = visit->withheld();
  out.manifest = summary.manifest;
  out.same_manifest = summary.manifest == entry.manifest && out.status == entry.status;
  out.persons = std::move(summary.persons);
  out.body = std::move(response.body);
  out.entry = std::move(entry);
  return out;
}

}  // namespace continuum::api
