#include "service/provenance.h"

#include <fmt/format.h>

#include <charconv>

#include "access/legitimate_relationships.h"
#include "access/may_write.h"
#include "base/check.h"
#include "json/writer.h"
#include "service/author.h"
#include "service/limits.h"
#include "service/read.h"

namespace continuum::service {
namespace {

constexpr std::string_view kSourceSystem =
    "https://continuum.example/fhir/NamingSystem/record-source";

template <typename Number>
std::optional<Number> number_of(std::string_view text) {
  Number number = 0;
  auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  bool is_plain = !text.empty() && text.front() != '0' && end.ec == std::errc() &&
                  end.ptr == text.data() + text.size();
  return is_plain || text == "0" ? std::optional(number) : std::nullopt;
}

tl::unexpected<Error> absent() {
  return fail(ErrorCode::kNotFound, "there is no resource of that type and id");
}

std::string named(std::string_view type, std::string_view system, std::string_view value) {
  return fmt::format(R"("type":"{}","identifier":{{"system":"{}","value":{}}})", type, system,
                     json::quoted(value));
}

std::string on_behalf_of(const config::Region& region, std::string_view ods_code) {
  return fmt::format(R"(,"onBehalfOf":{{{},"display":{}}})",
                     named("Organization", access::kOdsCodeSystem, ods_code),
                     json::quoted(config::organisation_name(region, ods_code)));
}

}  // namespace

fhir::TypeNumber provenance_type() {
  static const fhir::TypeNumber number = [] {
    auto found = fhir::type_number("Provenance");
    CHECK(found.has_value());
    return *found;
  }();
  return number;
}

std::string ProvenanceId::text() const {
  return fmt::format("{}.{}.{}", type, target.text(), version);
}

std::optional<ProvenanceId> ProvenanceId::parse(std::string_view text) {
  size_t first = text.find('.');
  size_t last = text.rfind('.');
  if (first == std::string_view::npos || first == last) {
    return std::nullopt;
  }
  auto type = number_of<fhir::TypeNumber>(text.substr(0, first));
  auto target = record::ResourceId::parse(text.substr(first + 1, last - first - 1));
  auto version = number_of<uint32_t>(text.substr(last + 1));
  if (!type || *type >= fhir::type_count() || !target || !version || *version == 0) {
    return std::nullopt;
  }
  return ProvenanceId{*type, *target, *version};
}

Result<std::string> Provenances::source_name(record::SourceNumber source) {
  if (names_.empty()) {
    TRY(auto sources, context_.view.sources());
    for (const record::SourceStatus& known : sources) {
      names_.emplace(known.number, known.name);
    }
  }
  auto found = names_.find(source);
  return found == names_.end() ? Result<std::string>(fail(ErrorCode::kCorrupt,
                                                          "an item is of a source without a name"))
                               : Result<std::string>(found->second);
}

Result<bool> Provenances::is_authors(record::SourceNumber source) {
  if (!last_ || last_->first != source) {
    TRY(std::string name, source_name(source));
    last_ = {source, access::is_author_source(name)};
  }
  return last_->second;
}

// A deletion names nobody: who deletes is who wrote what there was.
Result<std::string> Provenances::staff_of(const record::StoredItem& item) {
  const record::View& view = context_.view.whole_view();
  std::string body;
  if (item.row.header.deleted) {
    TRY(auto before, view.read_version(item.key, item.row.header.version - 1));
    TRY(view.open_canonical(before, body));
  } else {
    TRY(view.open_canonical(item, body));
  }
  json::Document document;
  TRY(document.parse(body));
  return std::string(staff_named(item.key.type, *document.root()));
}

Result<std::string> Provenances::agent_of(const record::StoredItem& item) {
  TRY(std::string source, source_name(item.row.header.source));
  if (auto organisation = access::organisation_of_staff(source)) {
    TRY(std::string user_id, staff_of(item));
    return fmt::format(R"("who":{{{}}}{})", named("Practitioner", kStaffIdSystem, user_id),
                       on_behalf_of(context_.region, *organisation));
  }
  if (source == access::kCitizenSource) {
    TRY(auto patient, context_.view.whole_view().source_patient(item.key.ord));
    return fmt::format(R"("who":{{"reference":"Patient/{}"}})", patient.patient.text());
  }
  std::string agent = fmt::format(R"("who":{{{}}})", named("Device", kSourceSystem, source));
  for (const config::Source& known : context_.region.sources) {
    if (known.name == source) {
      agent += on_behalf_of(context_.region, known.organisation);
    }
  }
  return agent;
}

// Codes of v3-DataOperation. What comes back after a deletion is created anew.
Result<std::string_view> Provenances::activity_of(const record::StoredItem& item) const {
  const record::RowHeader& header = item.row.header;
  if (header.deleted || header.version == 1) {
    return header.deleted ? "DELETE" : "CREATE";
  }
  auto before = context_.view.whole_view().read_version(item.key, header.version - 1);
  if (!before && before.error().code != ErrorCode::kNotFound) {
    return fail(before.error());
  }
  return before && before->row.header.deleted ? "CREATE" : "UPDATE";
}

Result<std::string> Provenances::id_of(const record::StoredItem& item, std::string_view target) {
  auto id = record::ResourceId::named(target);
  if (id && !id->given.empty()) {
    TRY(record::Located located, context_.view.locate({item.key.type, *id}));
    id = std::move(located.id);
    id->given.clear();
  }
  return id ? Result<std::string>(ProvenanceId{item.key.type, *id, item.row.header.version}.text())
            : fail(ErrorCode::kCorrupt, "a resource's id is none");
}

Result<std::optional<Provenances::Made>> Provenances::make(const record::StoredItem& item,
                                                           std::string_view target) {
  TRY(bool may_see, context_.view.may_see_made(item, provenance_type()));
  if (!may_see || item.key.ord.is_shared()) {
    return std::optional<Made>();
  }
  TRY(std::string id, id_of(item, target));
  const record::RowHeader& header = item.row.header;
  TRY(std::string_view activity, activity_of(item));
  TRY(std::string agent, agent_of(item));
  std::string instant = to_fhir_instant(header.instant);
  context_.view.note_told(item.key.ord, provenance_type(), 1);
  std::string body = fmt::format(
      R"({{"resourceType":"Provenance","id":"{}","meta":{{"lastUpdated":"{}"}},"target":[{{"reference":"{}/{}/_history/{}"}}],"recorded":"{}","activity":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-DataOperation","code":"{}"}}]}},"agent":[{{"type":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/provenance-participant-type","code":"author"}}]}},{}}}]}})",
      id, instant, fhir::type_name(item.key.type), target, header.version, instant, activity,
      agent);
  return std::optional(Made{std::move(id), std::move(body)});
}

Result<Answer> read_provenance(const Context& context, const ProvenanceId& id) {
  TRY(record::Located located, context.view.locate(id.type, id.target.hash));
  TRY(record::ItemKey key, context.view.place_of_version(located, id.version));
  TRY(record::StoredItem item, context.view.read_version(key, id.version));
  Provenances provenances(context);
  TRY(auto made, provenances.make(item, located.id.text()));
  if (!made || located.id.bucket != id.target.bucket) {
    context.view.note_absent();
    return absent();
  }
  AnswerBuilder builder(context.budget);
  TRY(builder.make_room(made->body.size()));
  builder.text() = std::move(made->body);
  return std::move(builder).finish();
}

}  // namespace continuum::service
