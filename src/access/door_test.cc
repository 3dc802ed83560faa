// The door fails closed: where the ledger cannot be written, nothing leaves.
#include "access/door.h"

#include <gtest/gtest.h>

#include "access/waiting_test.h"
#include "record/failing_kv_test.h"
#include "record/store_fixture_test.h"

namespace continuum::access {
namespace {

constexpr std::string_view kSecret = "a-secret-of-the-record";

class DoorTest : public testing::Test {
 protected:
  DoorTest() {
    auto kv = std::make_unique<record::FailingKv>();
    kv_ = kv.get();
    auto keys = record::KeyStore::open(files_, "/keys", record::region_key());
    EXPECT_TRUE(keys);
    store_ = std::make_unique<record::KvStore>(std::move(kv), std::move(*keys), clock_);
    EXPECT_TRUE(store_->open());
    region_.sources.push_back({"gp", "A81001", "gp-system"});
    patient_.members = R"("identifier":[{"system":"s","value":"v"}],"name":[{"family":")" +
                       std::string(kSecret) + R"("}])";
    EXPECT_TRUE(record::Writer(*store_).put(patient_));
    door_ = std::move(*Door::open({*store_, region_, clock_}, policy()));
  }

  static Policy policy() {
    return *Policy::parse(
        "policy \"Test\" version 1\n"
        "window registration  0 days after end\n"
        "window admission    28 days after end\n"
        "window emergency    28 days after end\n"
        "window outpatient   14 days before start 28 days after end\n"
        "window referral     28 days after end\n"
        "window caseload     28 days after end\n"
        "window social-care  28 days after end\n"
        "rule own-source\n  who   system\n  when  own source\n  allow everything\n",
        "test.policy");
  }

  std::unique_ptr<Visit> enter() {
    Principal system;
    system.kind = PrincipalKind::kSystem;
    system.subject = system.client_id = "gp-system";
    system.source = "gp";
    auto visit = door_->enter(system, {.interaction = "read",
                                       .method = "GET",
                                       .path = "Patient/1",
                                       .query = {},
                                       .form = {},
                                       .fields = {}});
    EXPECT_TRUE(visit);
    return std::move(*visit);
  }
  // A visit in which the patient was read, and what was read.
  std::unique_ptr<Visit> read_patient(std::string& body) {
    auto visit = enter();
    auto located = visit->locate(*record::Writer(*store_).id(patient_));
    EXPECT_TRUE(located);
    auto item = visit->read(located->key);
    EXPECT_TRUE(item);
    EXPECT_TRUE(visit->append_resource(*item, body));
    EXPECT_NE(body.find(kSecret), std::string::npos);
    return visit;
  }
  uint64_t ledger_size() { return store_->view()->ledger()->size(); }

  FakeClock clock_{Instant{1'790'000'000'000'000}};
  MemoryFileSystem files_;
  record::FailingKv* kv_ = nullptr;
  std::unique_ptr<record::KvStore> store_;
  config::Region region_;
  record::Draw patient_;
  std::unique_ptr<Door> door_;
};

TEST_F(DoorTest, WhatLeavesIsInTheLedgerFirst) {
  uint64_t before = ledger_size();
  std::string body;
  auto visit = read_patient(body);
  EXPECT_EQ(ledger_size(), before);
  auto disclosed = close_and_wait(*door_, std::move(visit), 200, body);
  ASSERT_TRUE(disclosed) << disclosed.error().text();
  EXPECT_EQ(disclosed->value(), body);
  ASSERT_TRUE(disclosed->receipt());
  EXPECT_EQ(disclosed->receipt()->number, before);
  EXPECT_EQ(ledger_size(), before + 2);
}

TEST_F(DoorTest, NothingLeavesWhereTheLedgerCannotBeWritten) {
  uint64_t before = ledger_size();
  std::string body;
  auto visit = read_patient(body);
  kv_->fails = true;
  auto disclosed = close_and_wait(*door_, std::move(visit), 200, body);
  ASSERT_FALSE(disclosed);
  EXPECT_EQ(disclosed.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(disclosed.error().text().find(kSecret), std::string::npos);
  EXPECT_EQ(ledger_size(), before);

  // What could not be written down is as if it had never been asked for: its number goes to the
  // next.
  kv_->fails = false;
  auto later = close_and_wait(*door_, read_patient(body), 200, body);
  ASSERT_TRUE(later);
  EXPECT_EQ(later->receipt()->number, before);
  EXPECT_EQ(ledger_size(), before + 2);
}

// A row that is gone must not look like a patient who was never there.
TEST_F(DoorTest, ASearchThatFindsARowWithoutItsResourceSaysSo) {
  auto find = [this] {
    return enter()->find_token(fhir::kPatientType, "identifier", "s", "v", 10);
  };
  auto found = find();
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  kv::Batch batch;
  batch.remove(record::kCurrent, record::current_key(found->front().key));
  ASSERT_TRUE(kv_->commit(batch, kv::Durability::kSynced));
  auto damaged = find();
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, ErrorCode::kCorrupt);
}

TEST_F(DoorTest, APolicyThatCannotBeKeptOpensNoDoor) {
  kv_->fails = true;
  auto door = Door::open({*store_, region_, clock_},
                         *Policy::parse(policy().text() + "\n# another\n", "test.policy"));
  EXPECT_FALSE(door);
}

}  // namespace
}  // namespace continuum::access
