#include "api/api_fixture.h"

#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/aead.h"
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
  region.erasure_roles = {"R8015", "R8016"};
  region.limits.caller_requests = 1'000'000;  // tests ask as fast as they can
  region.organisations = {{"A81001", "Exemplar Surgery", config::OrganisationKind::kGpPractice},
                          {"A81002", "Other Surgery", config::OrganisationKind::kGpPractice},
                          {"RXX", "Exemplar Trust", config::OrganisationKind::kAcuteTrust}};
  region.sources = {{"gp", "A81001", ""},
                    {"trust", "RXX", ""},
                    {"silent", "RXX", ""},
                    {"gp2", "A81002", ""},
                    {"old", "A81002", "", config::StructureHandling::kMark}};
  return region;
}

// The region's own policy, and a caller who sees everything a patient has.
access::Policy make_policy() {
  auto text = read_file(posix_files(), "policy/region.policy", uint64_t{1} << 20);
  CHECK(text.has_value());
  auto policy = access::Policy::parse(*text + R"(
rule reader
  who   staff with role R9999
  when  any patient
  allow everything
rule no-search
  who   staff with role R9998
  when  any patient
  allow everything
  deny search Patient identifier
rule reader-shared
  who   staff with role R9999
  when  shared
  allow everything
)",
                                      "test.policy");
  CHECK(policy.has_value());
  return *policy;
}

access::Principal staff(std::string_view name, std::string_view organisation,
                        std::string_view role) {
  access::Principal principal;
  principal.kind = access::PrincipalKind::kStaff;
  principal.issuer = "https://issuer.example";
  principal.subject = name;
  principal.client_id = "app";
  principal.role_id = name;
  principal.role_codes = {std::string(role)};
  principal.organisation = organisation;
  principal.purpose = "TREAT";
  return principal;
}

std::optional<access::Principal> other_than_staff(std::string_view name) {
  access::Principal principal;
  principal.issuer = "https://issuer.example";
  principal.subject = name;
  principal.client_id = name;
  principal.purpose = "HOPERAT";
  if (name == "operator") {
    principal.kind = access::PrincipalKind::kOperator;
    return principal;
  }
  constexpr std::string_view kSystem = "system:";
  if (name.starts_with(kSystem)) {
    principal.kind = access::PrincipalKind::kSystem;
    principal.source = name.substr(kSystem.size());
    return principal;
  }
  constexpr std::string_view kCitizen = "citizen:";
  if (name.starts_with(kCitizen)) {
    name.remove_prefix(kCitizen.size());
    principal.kind = access::PrincipalKind::kCitizen;
    principal.nhs_number = name.substr(0, name.find(':'));
    principal.birth_date = name.substr(name.find(':') + 1);
    principal.purpose = "PATRQT";
    return principal;
  }
  return std::nullopt;
}

access::Checked<access::Principal> authenticate(std::string_view field) {
  constexpr std::string_view kBearer = "Bearer ";
  if (!field.starts_with(kBearer)) {
    return access::refuse(access::TokenFault::kNoToken);
  }
  std::string_view name = field.substr(kBearer.size());
  if (name == "reader") {
    return staff(name, "A81001", "R9999");
  }
  if (name == "no-search") {
    return staff(name, "A81001", "R9998");
  }
  if (name == "gp" || name == "gp-2") {
    return staff(name, "A81001", "R8000");
  }
  if (name == "clerk") {
    return staff(name, "A81001", "R8010");
  }
  if (name == "other-gp") {
    return staff(name, "A81002", "R8000");
  }
  if (name == "eraser" || name == "eraser-2") {
    return staff(name, "A81001", "R8015");
  }
  if (name == "eraser-in-another-role") {
    return staff("eraser", "A81001", "R8016");
  }
  if (name == "eraser-at-trust" || name == "eraser-of-trust") {
    return staff(name == "eraser-at-trust" ? "eraser" : name, "RXX", "R8015");
  }
  if (name == "gp-at-trust") {
    return staff("gp", "RXX", "R8000");
  }
  if (name == "gp-as-clerk") {
    return staff("gp", "A81001", "R8010");
  }
  if (name == "ward") {
    return staff(name, "RXX", "R8001");
  }
  auto other = other_than_staff(name);
  return other ? access::Checked<access::Principal>(*other)
               : access::refuse(access::TokenFault::kSignature);
}

}  // namespace

ApiFixture::ApiFixture(uint64_t budget_bytes, record::Engine engine)
    : clock_(kStart), region_(make_region()), budget_(budget_bytes) {
  record::StoreOptions options;
  options.data_folder = "data";
  options.region_key = {1, 2, 3};
  options.engine = engine;
  options.tiny = true;
  options.cache_bytes = uint64_t{1} << 20;
  options.files = &files_;
  options.clock = &clock_;
  auto opened = record::open_store(options);
  CHECK(opened.has_value());
  store_ = std::move(*opened);
  SeededRandom random(1);
  auto checkpoints = service::Checkpoints::open({.store = *store_,
                                                 .files = files_,
                                                 .clock = clock_,
                                                 .path = "checkpoints",
                                                 .origin = "127.0.0.1:8080/fhir/ledger",
                                                 .key = crypto::Ed25519Key::generate(random)});
  CHECK(checkpoints.has_value());
  checkpoints_ = std::move(*checkpoints);
  auto door =
      access::Door::open({.store = *store_, .region = region_, .clock = clock_}, make_policy());
  CHECK(door.has_value());
  door_ = std::move(*door);
  make_api();
}

void ApiFixture::limit_requests(uint64_t per_second) {
  region_.limits.caller_requests = per_second;
  make_api();
}

void ApiFixture::make_api() {
  api_ = std::make_unique<Api>(ApiOptions{.store = *store_,
                                          .region = region_,
                                          .door = *door_,
                                          .checkpoints = *checkpoints_,
                                          .authenticate = authenticate,
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
  if (home.shared) {
    ord = record::Ord::shared();
  } else if (home.quarantined) {
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

std::vector<ledger::Entry> ApiFixture::entries() {
  auto view = store_->view();
  auto ledger = view->ledger();
  CHECK(ledger.has_value());
  std::vector<ledger::Entry> out;
  CHECK(ledger
            ->scan(0, ledger->size(),
                   [&](uint64_t, std::string_view bytes) -> Status {
                     auto entry = ledger::decode_entry(bytes);
                     CHECK(entry.has_value());
                     out.push_back(*entry);
                     return {};
                   })
            .has_value());
  return out;
}

ledger::PersonPart ApiFixture::open(const ledger::PersonEntry& entry, record::Ord ord) {
  std::string plain;
  CHECK(crypto::thread_aead()
            .open(store_->audit_key(ord),
                  ledger::person_context(entry.id, static_cast<uint16_t>(entry.ordinal)),
                  entry.sealed, plain)
            .has_value());
  auto part = ledger::decode_person_part(plain);
  CHECK(part.has_value());
  return *part;
}

http::Request ApiFixture::request(std::string_view method, std::string_view target,
                                  std::string_view caller) const {
  http::Request request;
  request.method = method;
  request.set_target(target.starts_with('/') ? std::string(target)
                                             : "/fhir/" + std::string(target));
  request.headers.add("Authorization", "Bearer " + std::string(caller));
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
