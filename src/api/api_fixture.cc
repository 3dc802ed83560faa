#include "api/api_fixture.h"

#include <gtest/gtest.h>

#include <utility>

#include "base/check.h"
#include "record/canonical.h"

namespace continuum::api {
namespace {

constexpr Instant kStart{int64_t{1'750'000'000} * 1'000'000};
constexpr std::string_view kBase = "http://127.0.0.1:8080/fhir";

config::Region make_region() {
  config::Region region;
  region.name = "Exemplar";
  region.base_url = kBase;
  region.limits.page_size_max = 50;
  region.organisations = {{"A81001", "Exemplar Surgery", config::OrganisationKind::kGpPractice},
                          {"RXX", "Exemplar Trust", config::OrganisationKind::kAcuteTrust}};
  region.sources = {{"gp", "A81001", ""}, {"trust", "RXX", ""}, {"silent", "RXX", ""}};
  return region;
}

}  // namespace

ApiFixture::ApiFixture(uint64_t budget_bytes)
    : clock_(kStart), region_(make_region()), budget_(budget_bytes) {
  record::StoreOptions options;
  options.data_folder = "data";
  options.region_key = {1, 2, 3};
  options.engine = record::Engine::kMemory;
  options.files = &files_;
  options.clock = &clock_;
  auto opened = record::open_store(options);
  CHECK(opened.has_value());
  store_ = std::move(*opened);
  api_ = std::make_unique<Api>(ApiOptions{.store = *store_,
                                          .region = region_,
                                          .token = OperatorToken(kToken),
                                          .budget = budget_,
                                          .software_version = "1.2.3",
                                          .log = LogRequests::kNone,
                                          .clock = &clock_});
}

record::SourceNumber ApiFixture::source(std::string_view name) {
  auto number = store_->register_source(name);
  CHECK(number.has_value());
  return *number;
}

record::Ord ApiFixture::ord_of(const Home& home) {
  record::Ord ord;
  key_of(home, fhir::kPatientType, home.patient, ord);
  return ord;
}

record::ResourceKey ApiFixture::key_of(const Home& home, fhir::TypeNumber type,
                                       std::string_view own_id, record::Ord& ord) {
  auto minter = store_->id_minter();
  record::SourceNumber number = source(home.source);
  if (home.quarantined) {
    ord = record::Ord::quarantine(number);
  } else {
    auto placed = store_->place_patient(
        number, minter.hash(home.source, fhir::kPatientType, home.patient), home.patient);
    CHECK(placed.has_value());
    ord = *placed;
  }
  return {type, {ord.bucket(), minter.hash(home.source, type, own_id)}};
}

void ApiFixture::commit(const record::Draft& draft) {
  record::Prepared prepared;
  CHECK(store_->prepare(draft, prepared).has_value());
  if (damage_) {
    std::exchange(damage_, nullptr)(prepared);
  }
  CHECK(store_->commit(std::span(&prepared, 1)).has_value());
}

std::string ApiFixture::put(const Home& home, std::string_view own_id, std::string_view json,
                            std::string_view match, const std::vector<Home>& also_about) {
  json::Document document;
  CHECK(document.parse(json).has_value());
  auto type = fhir::type_number(document.root()->string("resourceType"));
  CHECK(type.has_value());
  record::Draft draft;
  draft.resource = key_of(home, *type, own_id, draft.ord);
  std::string id = draft.resource.id.text();
  record::Canonical canonical;
  CHECK(record::canonicalise(document, *document.root(), id, home.source, canonical).has_value());
  draft.source = source(home.source);
  draft.own_id = own_id;
  draft.canonical = &canonical;
  draft.tree = document.root();
  draft.match = match;
  std::vector<record::Ord> others;
  for (const Home& other : also_about) {
    others.push_back(ord_of(other));
  }
  draft.also_about = others;
  commit(draft);
  return id;
}

void ApiFixture::remove(const Home& home, fhir::TypeNumber type, std::string_view own_id) {
  record::Draft draft;
  draft.resource = key_of(home, type, own_id, draft.ord);
  draft.source = source(home.source);
  draft.own_id = own_id;
  commit(draft);
}

http::Request ApiFixture::request(std::string_view method, std::string_view target) const {
  http::Request request;
  request.method = method;
  request.set_target(target.starts_with('/') ? std::string(target)
                                             : "/fhir/" + std::string(target));
  request.headers.add("Authorization", "Bearer " + std::string(kToken));
  return request;
}

Body::Body(std::string_view json) {
  Status parsed = document_.parse(json);
  EXPECT_TRUE(parsed.has_value()) << json;
  if (!parsed) {
    document_.set_root(document_.make_object());
  }
}

uint64_t Body::total() const {
  const json::Node* total = root().find("total");
  EXPECT_NE(total, nullptr);
  return total == nullptr ? UINT64_MAX : std::stoull(std::string(total->text));
}

std::string Body::link(std::string_view relation) const {
  for (const json::Node& link : json::children(*root().find("link"))) {
    if (link.string("relation") == relation) {
      std::string_view url = link.string("url");
      EXPECT_TRUE(url.starts_with(kBase));
      return std::string(url.substr(kBase.size() + 1));
    }
  }
  return {};
}

std::vector<std::string> Body::entries(std::string_view mode) const {
  std::vector<std::string> out;
  const json::Node* entries = root().find("entry");
  if (entries == nullptr) {
    return out;
  }
  for (const json::Node& entry : json::children(*entries)) {
    const json::Node* search = entry.find("search");
    const json::Node* resource = entry.find("resource");
    if (search != nullptr && resource != nullptr && search->string("mode") == mode) {
      std::string name =
          std::string(resource->string("resourceType")) + '/' + std::string(resource->string("id"));
      EXPECT_EQ(entry.string("fullUrl"), mode == "match" ? std::string(kBase) + '/' + name : "");
      out.push_back(std::move(name));
    }
  }
  return out;
}

std::vector<std::string> Body::diagnostics() const {
  const json::Node* outcome = &root();
  if (root().string("resourceType") == "Bundle") {
    outcome = root().find("entry")->first->find("resource");
  }
  EXPECT_EQ(outcome->string("resourceType"), "OperationOutcome");
  std::vector<std::string> out;
  for (const json::Node& issue : json::children(*outcome->find("issue"))) {
    out.emplace_back(issue.string("diagnostics"));
  }
  return out;
}

std::string Body::issue_code() const {
  const json::Node* issues = root().find("issue");
  EXPECT_NE(issues, nullptr);
  return issues == nullptr ? std::string() : std::string(issues->first->string("code"));
}

}  // namespace continuum::api
