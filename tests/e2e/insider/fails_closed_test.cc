// The whole API over a disk that takes nothing any more: not one byte of a record leaves, to
// nobody.
#include <gtest/gtest.h>

#include "api/api.h"
#include "api/waiting_test.h"
#include "ledger/limits.h"
#include "record/failing_kv_test.h"
#include "record/store_fixture_test.h"
#include "service/operator_look.h"

namespace continuum::insider {
namespace {

constexpr std::string_view kSecret = "a-secret-of-the-record";

class FailsClosedTest : public testing::Test {
 protected:
  FailsClosedTest() {
    auto kv = std::make_unique<record::FailingKv>();
    kv_ = kv.get();
    auto keys = record::KeyStore::open(files_, "/keys", record::region_key());
    EXPECT_TRUE(keys);
    store_ = std::make_unique<record::KvStore>(std::move(kv), std::move(*keys), clock_);
    EXPECT_TRUE(store_->open());
    region_.name = "Test";
    region_.base_url = "http://record.example/fhir";
    region_.sources.push_back({"gp", "A81001", "gp-system"});
    record::Draw patient;
    patient.members = R"("name":[{"family":")" + std::string(kSecret) + R"("}])";
    record::Writer writer(*store_);
    EXPECT_TRUE(writer.put(patient));
    id_ = writer.id(patient)->id.text();
    auto policy = access::Policy::load(posix_files(), CONTINUUM_SOURCE "/policy/region.policy");
    door_ = std::move(*access::Door::open({*store_, region_, clock_}, *policy));
    EXPECT_TRUE(files_.make_directories("/elsewhere"));
    checkpoints_ = std::move(
        *service::Checkpoints::open({.store = *store_,
                                     .files = files_,
                                     .clock = clock_,
                                     .path = "/elsewhere/checkpoints",
                                     .origin = "record.example/fhir/ledger",
                                     .key = crypto::Ed25519Key::from_seed(crypto::Key{7})}));
    api_ = std::make_unique<api::Api>(
        api::ApiOptions{.store = *store_,
                        .region = region_,
                        .door = *door_,
                        .checkpoints = *checkpoints_,
                        .authenticate =
                            [](std::string_view) {
                              access::Principal system;
                              system.kind = access::PrincipalKind::kSystem;
                              system.subject = system.client_id = "gp-system";
                              system.source = "gp";
                              return access::Checked<access::Principal>(system);
                            },
                        .budget = budget_,
                        .software_version = "1",
                        .log = api::LogRequests::kNone,
                        .clock = &clock_});
  }

  http::Response get(const std::string& target) {
    http::Request request;
    request.set_target(target);
    request.headers.add("Host", "record.example");
    request.headers.add("Authorization", "Bearer x");
    return api::handle_and_wait(*api_, request);
  }
  static bool has_receipt(const http::Response& response) {
    return response.headers.find(api::kReceiptField).has_value();
  }

  FakeClock clock_{Instant{1'790'000'000'000'000}};
  MemoryFileSystem files_;
  record::FailingKv* kv_ = nullptr;
  std::unique_ptr<record::KvStore> store_;
  config::Region region_;
  http::ByteBudget budget_{uint64_t{64} << 20};
  std::unique_ptr<access::Door> door_;
  std::unique_ptr<service::Checkpoints> checkpoints_;
  std::unique_ptr<api::Api> api_;
  std::string id_;
};

TEST_F(FailsClosedTest, NothingOfARecordLeavesWithoutItsReceipt) {
  const std::vector<std::string> targets = {
      "/fhir/Patient/" + id_,
      "/fhir/Patient/" + id_ + "/_history",
      "/fhir/Patient/" + id_ + "/_history/1",
      "/fhir/Patient/" + id_ + "/$everything",
      "/fhir/Patient/0000000000000000000000000000",
      "/fhir/AuditEvent?patient=" + id_,
      "/no/such/path",
  };
  http::Response whole = get(targets[0]);
  ASSERT_EQ(whole.status, 200) << whole.body;
  ASSERT_NE(whole.body.find(kSecret), std::string::npos);
  ASSERT_TRUE(has_receipt(whole));

  kv_->fails = true;
  const std::string absent = get(targets[4]).body;
  for (const std::string& target : targets) {
    http::Response withheld = get(target);
    EXPECT_EQ(withheld.status, 503) << target << ": " << withheld.body;
    EXPECT_FALSE(has_receipt(withheld)) << target;
    EXPECT_EQ(withheld.body.find(kSecret), std::string::npos) << target;
    EXPECT_EQ(withheld.body.find(id_), std::string::npos) << target;
    EXPECT_EQ(withheld.body, absent) << target << ": they tell each other apart";
  }
  kv_->fails = false;
  EXPECT_TRUE(has_receipt(get(targets[0])));
}

TEST_F(FailsClosedTest, NothingIsWrittenWithoutItsReceipt) {
  auto post = [this] {
    http::Request request;
    request.method = "POST";
    request.set_target("/fhir/Patient");
    request.headers.add("Host", "record.example");
    request.headers.add("Authorization", "Bearer x");
    request.headers.add("Content-Type", "application/fhir+json");
    request.body = R"({"resourceType":"Patient","gender":"female"})";
    return api::handle_and_wait(*api_, request);
  };
  auto t = [this] { return store_->view()->stable_t(); };
  auto ledger_size = [this] { return store_->view()->ledger()->size(); };
  const record::T before = t();
  const uint64_t entries = ledger_size();
  kv_->fails = true;
  http::Response withheld = post();
  EXPECT_EQ(withheld.status, 503);
  EXPECT_FALSE(has_receipt(withheld));
  EXPECT_FALSE(withheld.headers.find("Location"));
  EXPECT_EQ(t(), before);
  kv_->fails = false;
  EXPECT_EQ(ledger_size(), entries);
  http::Response written = post();
  EXPECT_EQ(written.status, 201) << written.body;
  EXPECT_TRUE(has_receipt(written));
  EXPECT_EQ(t(), before + 1);
  EXPECT_EQ(ledger_size(), entries + 2);
}

TEST_F(FailsClosedTest, AnOperatorsLookThatCannotBeWrittenDownFails) {
  service::OperatorLook look;
  look.by = "root";
  look.interaction = "ledger-show";
  look.persons.emplace_back().ord = 1;
  auto ledger_size = [this] { return store_->view()->ledger()->size(); };
  const uint64_t before = ledger_size();
  kv_->fails = true;
  EXPECT_FALSE(service::write_down(*store_, *checkpoints_, clock_.now(), look));
  EXPECT_EQ(ledger_size(), before);
  kv_->fails = false;
  look.persons.resize(ledger::kPersonsMax + 1);
  auto too_many = service::write_down(*store_, *checkpoints_, clock_.now(), look);
  ASSERT_FALSE(too_many);
  EXPECT_EQ(too_many.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(ledger_size(), before);
  look.persons.resize(1);
  auto written = service::write_down(*store_, *checkpoints_, clock_.now(), look);
  ASSERT_TRUE(written);
  EXPECT_EQ(written->number, before);
  EXPECT_EQ(ledger_size(), before + 2);
}

}  // namespace
}  // namespace continuum::insider
