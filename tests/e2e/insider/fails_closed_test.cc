// The whole API over a disk that takes nothing any more: not one byte of a record leaves, to
// nobody.
#include <gtest/gtest.h>

#include "api/api.h"
#include "api/waiting_test.h"
#include "record/failing_kv_test.h"
#include "record/store_fixture_test.h"
#include "service/checkpoints.h"

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

}  // namespace
}  // namespace continuum::insider
