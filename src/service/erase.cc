#include "service/erase.h"

#include <fmt/format.h>

#include "access/may_erase.h"
#include "json/document.h"
#include "json/writer.h"
#include "record/limits.h"
#include "service/erase_token.h"
#include "service/limits.h"
#include "service/read.h"

namespace continuum::service {
namespace {

// SPEC: the token of another patient, state or day says nothing more than that.
tl::unexpected<Error> refuse(std::string message, std::string where, std::string what) {
  return fail(ErrorCode::kInvalid, std::move(message), {{std::move(where), std::move(what)}});
}

// One person, whatever their role and organisation.
std::string person_of(const access::Principal& principal) {
  return principal.issuer + " " + principal.subject;
}

std::string part(std::string_view name, std::string_view kind, const std::string& value) {
  return fmt::format(R"({{"name":"{}","value{}":{}}})", name, kind, value);
}

std::string parameters(const std::vector<std::string>& parts) {
  return fmt::format(R"({{"resourceType":"Parameters","parameter":[{}]}})", fmt::join(parts, ","));
}

Result<Answer> answer_of(const Context& context, const std::string& body) {
  AnswerBuilder builder(context.budget);
  TRY(builder.make_room(body.size()));
  builder.text() = body;
  return std::move(builder).finish();
}

std::string plan_of(const record::ErasurePlan& plan, const std::string& token, Instant expires) {
  std::vector<std::string> parts{
      part("token", "String", json::quoted(token)),
      part("expires", "Instant", json::quoted(to_fhir_instant(expires)))};
  for (const auto& [type, count] : plan.types) {
    parts.push_back(fmt::format(
        R"({{"name":"goes","part":[{{"name":"type","valueCode":"{}"}},{{"name":"resources","valueDecimal":{}}},{{"name":"versions","valueDecimal":{}}}]}})",
        fhir::type_name(type), count.resources, count.versions));
  }
  parts.push_back(part("keptWithOthers", "Decimal", std::to_string(plan.kept_with_others)));
  parts.push_back(part("otherSourcePatients", "Decimal", std::to_string(plan.others)));
  return parameters(parts);
}

std::string certificate_of(const record::ErasureDone& done) {
  uint64_t rows = 0;
  for (const auto& [family, count] : done.rows) {
    rows += count;
  }
  return parameters({part("certificate", "Decimal", std::to_string(done.certificate)),
                     part("ledgerEntry", "Decimal", std::to_string(done.ledger_number)),
                     part("rows", "Decimal", std::to_string(rows))});
}

}  // namespace

Result<EraseRequest> read_erase_request(std::string_view body) {
  json::Document document;
  TRY(document.parse(body));
  const json::Node& root = *document.root();
  if (!root.is_object() || root.string("resourceType") != "Parameters") {
    return refuse("$erase takes a Parameters resource", "resourceType", "expected Parameters");
  }
  EraseRequest request;
  size_t count = 0;
  const json::Node* list = root.find("parameter");
  for (const json::Node* at = list == nullptr ? nullptr : list->first; at != nullptr;
       at = at->next) {
    std::string_view name = at->string("name");
    std::string_view value = at->string("valueString");
    if ((name != "reason" && name != "token") || value.empty() || ++count > 1) {
      return refuse("$erase takes one parameter", "parameter",
                    "reason (to request) or token (to confirm), as valueString");
    }
    (name == "reason" ? request.reason : request.token) = value;
  }
  if (count == 0) {
    return refuse("$erase takes one parameter", "parameter",
                  "reason (to request) or token (to confirm), as valueString");
  }
  if (request.reason.size() > record::kEraseReasonBytesMax) {
    return refuse("the reason is too long", "parameter",
                  fmt::format("at most {} bytes", record::kEraseReasonBytesMax));
  }
  return request;
}

Result<Answer> erase(const Context& context, record::Store& store, std::string_view patient,
                     const EraseRequest& request, Instant now) {
  access::Visit& visit = context.view;
  TRY(access::may_erase(visit.principal(), context.region));
  TRY(record::Located located, locate(visit, {fhir::kPatientType, patient}));
  TRY(visit.may_erase(located));
  const record::Ord ord = located.key.ord;
  const std::string by = person_of(visit.principal());
  if (request.token.empty()) {
    TRY(record::ErasurePlan plan, store.plan_erasure(ord));
    const EraseToken token{ord, plan.state, now, by, request.reason};
    const Instant expires{now.micros + kEraseTokenLife.count()};
    const std::string sealed = seal_erase_token(context.page_token_key, token);
    if (sealed.size() > kEraseTokenBytesMax) {
      return fail(ErrorCode::kTooLarge, "who asks has too long a name");
    }
    return answer_of(context, plan_of(plan, sealed, expires));
  }
  TRY(EraseToken token, open_erase_token(context.page_token_key, request.token, now));
  if (token.ord != ord) {
    return refuse("the token is another patient's", "token", "request the erasure of this one");
  }
  TRY(std::string ordered, ordered_by(token, by, FourEyes::kRequired));
  TRY(record::ErasureDone done, store.erase({ord, token.state, ordered, token.reason}, {}));
  return answer_of(context, certificate_of(done));
}

}  // namespace continuum::service
