// What callers learn, and what the ledger says of it.
#include <gtest/gtest.h>

#include <set>

#include "api/api_fixture.h"
#include "api/rate_limit.h"
#include "api/replay.h"
#include "base/check.h"
#include "service/operator_look.h"

namespace continuum::api {
namespace {

constexpr std::string_view kMatch = "9991234567|1980-01-31";
constexpr std::string_view kCitizen = "citizen:9991234567:1980-01-31";
const Home kGp{"gp", "ann"};

class AccessToRecords : public testing::Test {
 protected:
  AccessToRecords() {
    std::string practice = fixture_.put({"gp", "", false, true}, "practice",
                                        R"({"resourceType":"Organization","identifier":[{
        "system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"A81001"}]})");
    ann_ = fixture_.put(
        kGp, "ann",
        R"({"resourceType":"Patient","generalPractitioner":[{"reference":"Organization/)" +
            practice + R"("}],"identifier":[{"system":"s","value":"1"}]})",
        kMatch);
    observation_ = fixture_.put(kGp, "o1", R"({"resourceType":"Observation"})");
  }

  static std::string receipt_of(const http::Response& response) {
    return std::string(response.headers.find(kReceiptField).value_or(""));
  }
  std::string absent_id() const {
    std::string id = ann_;
    id.back() = id.back() == '0' ? '1' : '0';
    return id;
  }
  Result<Replayed> replay(const http::Response& response) {
    auto receipt = access::Receipt::parse(receipt_of(response));
    CHECK(receipt.has_value());
    return api::replay(fixture_.store(), fixture_.region(), fixture_.clock(), *receipt);
  }
  void change_observation(int version) {
    fixture_.put(
        kGp, "o1",
        R"({"resourceType":"Observation","note":[{"text":")" + std::to_string(version) + "\"}]}");
  }

  ApiFixture fixture_;
  std::string ann_;
  std::string observation_;
};

TEST_F(AccessToRecords, RefusedAndAbsentDifferInTheLedgerAlone) {
  for (const char* rest : {"", "/_history", "/_history/1", "/$everything",
                           "/$everything?_type=Flag", "/$everything?_asOf=t:1", "?_format=json"}) {
    for (std::string_view method : {"GET", "HEAD"}) {
      size_t before = fixture_.entries().size();
      http::Response refused =
          fixture_.send(fixture_.request(method, "Patient/" + ann_ + rest, "other-gp"));
      size_t between = fixture_.entries().size();
      http::Response absent =
          fixture_.send(fixture_.request(method, "Patient/" + absent_id() + rest, "other-gp"));
      auto entries = fixture_.entries();
      EXPECT_EQ(refused.status, 404) << rest;
      EXPECT_EQ(refused.status, absent.status) << rest;
      EXPECT_EQ(refused.body, absent.body) << rest;
      ASSERT_EQ(refused.headers.size(), absent.headers.size());
      for (size_t i = 0; i < refused.headers.size(); ++i) {
        EXPECT_EQ(refused.headers.at(i).name, absent.headers.at(i).name);
        if (refused.headers.at(i).name != kReceiptField) {  // which counts on
          EXPECT_EQ(refused.headers.at(i).value, absent.headers.at(i).value);
        }
      }
      // As many entries, as long: who watches the ledger grow learns nothing.
      ASSERT_EQ(between - before, 2U);
      ASSERT_EQ(entries.size() - between, 2U);
      auto size_of = [&](size_t at) {
        return std::get<ledger::PersonEntry>(entries[at]).sealed.size();
      };
      EXPECT_EQ(size_of(before + 1), size_of(between + 1)) << rest;
      auto told =
          fixture_.open(std::get<ledger::PersonEntry>(entries[before + 1]), fixture_.ord_of(kGp));
      EXPECT_EQ(told.disclosure, ledger::Disclosure::kRefused);
      auto nobody =
          fixture_.open(std::get<ledger::PersonEntry>(entries[between + 1]), record::Ord());
      EXPECT_EQ(nobody.disclosure, ledger::Disclosure::kAbsent);
    }
  }
}

TEST_F(AccessToRecords, ConditionalReadsTellNothingToWhoMayNotRead) {
  http::Request request = fixture_.request("GET", "Patient/" + ann_, "other-gp");
  request.headers.add("If-None-Match", "W/\"1\"");
  EXPECT_EQ(fixture_.send(request).status, 404);
  http::Request allowed = fixture_.request("GET", "Patient/" + ann_, "gp");
  allowed.headers.add("If-None-Match", "W/\"1\"");
  http::Response unchanged = fixture_.send(allowed);
  EXPECT_EQ(unchanged.status, 304);
  auto entries = fixture_.entries();
  EXPECT_EQ(std::get<ledger::RequestEntry>(entries[entries.size() - 2]).shown, 1U);
}

TEST_F(AccessToRecords, WhatIsShownIsCountedByTypeAndRule) {
  size_t before = fixture_.entries().size();
  fixture_.get("Patient/" + ann_ + "/$everything", "gp");
  auto entries = fixture_.entries();
  const auto& request = std::get<ledger::RequestEntry>(entries[before]);
  EXPECT_EQ(request.subject, "gp");
  EXPECT_EQ(request.organisation, "A81001");
  EXPECT_EQ(request.shown, 2U);
  EXPECT_EQ(request.persons, 1U);
  auto part =
      fixture_.open(std::get<ledger::PersonEntry>(entries[before + 1]), fixture_.ord_of(kGp));
  EXPECT_EQ(part.rule, "clinical-record");
  EXPECT_EQ(part.relationship, "registration");
  EXPECT_EQ(part.types,
            (std::vector<std::pair<std::string, uint64_t>>{{"Patient", 1}, {"Observation", 1}}));
  // The clerk sees who it is, and the ledger that something was withheld.
  before = entries.size();
  fixture_.get("Patient/" + ann_ + "/$everything", "clerk");
  entries = fixture_.entries();
  EXPECT_EQ(std::get<ledger::RequestEntry>(entries[before]).shown, 1U);
  EXPECT_EQ(std::get<ledger::RequestEntry>(entries[before]).withheld, 1U);
}

TEST_F(AccessToRecords, AnErrorShowsNothingInTheLedgerEither) {
  std::string broken = fixture_.put(kGp, "o2", R"({"resourceType":"Observation"})");
  fixture_.damage_next([](record::Prepared& prepared) { prepared.sealed[20] ^= 1; });
  fixture_.put(kGp, "o2", R"({"resourceType":"Observation","status":"final"})");
  size_t before = fixture_.entries().size();
  EXPECT_EQ(fixture_.get("Patient/" + ann_ + "/$everything", "gp").status, 500);
  auto entries = fixture_.entries();
  EXPECT_EQ(std::get<ledger::RequestEntry>(entries[before]).shown, 0U);
  auto part =
      fixture_.open(std::get<ledger::PersonEntry>(entries[before + 1]), fixture_.ord_of(kGp));
  EXPECT_EQ(part.disclosure, ledger::Disclosure::kFailed);
  EXPECT_EQ(part.shown, 0U);
}

TEST_F(AccessToRecords, CitizensSeeWhoLooked) {
  fixture_.get("Patient/" + ann_ + "/$everything", "gp");
  fixture_.get("Patient/" + ann_, "other-gp");
  http::Response list = fixture_.get("AuditEvent?patient=" + ann_, kCitizen);
  ASSERT_EQ(list.status, 200);
  Body body(list.body);
  std::vector<std::string> told;
  for (const json::Node& entry : json::children(*body.root().find("entry"))) {
    const json::Node& event = *entry.find("resource");
    const json::Node& agent = *event.find("agent")->first;
    told.push_back(std::string(event.find("subtype")->first->string("code")) + " " +
                   std::string(event.string("outcome")) + " " +
                   std::string(agent.find("who")->string("display")));
  }
  EXPECT_EQ(told,
            (std::vector<std::string>{"read 4 Other Surgery", "everything 0 Exemplar Surgery"}));
  // A look at the list is a look too.
  EXPECT_EQ(
      Body(fixture_.get("AuditEvent?patient=Patient/" + ann_, kCitizen).body).entries().size(), 3U);
}

TEST_F(AccessToRecords, CitizensSeeOperatorsLooks) {
  fixture_.get("Patient/" + ann_, "gp");
  size_t before = fixture_.entries().size();
  ledger::PersonPart part;
  part.ord = fixture_.ord_of(kGp).value();
  part.types.emplace_back("AuditEvent", 2);
  auto receipt =
      service::write_down(fixture_.store(), fixture_.checkpoints(), fixture_.clock().now(),
                          {.by = "root",
                           .interaction = "ledger-show",
                           .query = "from=0&count=3",
                           .t = fixture_.t(),
                           .manifest = std::nullopt,
                           .persons = {part}});
  ASSERT_TRUE(receipt) << receipt.error().text();
  EXPECT_EQ(receipt->number, before);
  auto entries = fixture_.entries();
  ASSERT_EQ(entries.size(), before + 2);
  const auto& request = std::get<ledger::RequestEntry>(entries[before]);
  EXPECT_EQ(request.principal, ledger::PrincipalKind::kOperator);
  EXPECT_EQ(request.id, receipt->id);
  EXPECT_EQ(request.policy, crypto::Digest{});
  auto opened =
      fixture_.open(std::get<ledger::PersonEntry>(entries[before + 1]), fixture_.ord_of(kGp));
  EXPECT_EQ(opened, part);
  auto note = fixture_.checkpoints().current();
  ASSERT_TRUE(note);
  EXPECT_EQ(ledger::parse_note(*note)->checkpoint.size, before + 2);

  Body body(fixture_.get("AuditEvent?patient=" + ann_, kCitizen).body);
  const json::Node& event = *body.root().find("entry")->first->find("resource");
  const json::Node& agent = *event.find("agent")->first;
  EXPECT_EQ(event.find("type")->string("code"), "110101");
  EXPECT_EQ(event.find("subtype")->first->string("code"), "ledger-show");
  EXPECT_EQ(event.string("outcome"), "0");
  EXPECT_EQ(event.string("recorded"), to_fhir_instant(fixture_.clock().now()));
  EXPECT_EQ(agent.find("type")->string("text"), "operator");
  EXPECT_EQ(agent.find("who")->find("identifier")->string("value"), "root");
  EXPECT_EQ(body.entries().size(), 2U);
  // Staff are told of none but themselves.
  EXPECT_EQ(Body(fixture_.get("AuditEvent?patient=" + ann_, "gp").body).entries().size(), 1U);
}

TEST_F(AccessToRecords, StaffSeeTheirOwnLooksAndNoRefusals) {
  fixture_.get("Patient/" + ann_, "gp");
  fixture_.get("Patient/" + ann_, "reader");
  fixture_.get("Patient/" + ann_, "other-gp");
  EXPECT_EQ(Body(fixture_.get("AuditEvent?patient=" + ann_, "gp").body).entries().size(), 1U);
  http::Response refused = fixture_.get("AuditEvent?patient=" + ann_, "other-gp");
  http::Response absent = fixture_.get("AuditEvent?patient=" + absent_id(), "other-gp");
  EXPECT_EQ(refused.status, 200);
  EXPECT_EQ(Body(refused.body).entries().size(), 0U);
  auto without_id = [](std::string text, const std::string& id) {
    size_t at = text.find(id);
    return at == std::string::npos ? text : text.erase(at, id.size());
  };
  EXPECT_EQ(without_id(refused.body, ann_), without_id(absent.body, absent_id()));
}

TEST_F(AccessToRecords, AccessesComeInPages) {
  for (int i = 0; i < 7; ++i) {
    fixture_.get("Patient/" + ann_, "gp");
  }
  std::set<std::string> seen;
  std::string target = "AuditEvent?patient=" + ann_ + "&_count=3";
  for (int page = 0; page < 5 && !target.empty(); ++page) {
    http::Response response = fixture_.get(target, kCitizen);
    ASSERT_EQ(response.status, 200) << response.body;
    Body body(response.body);
    for (const std::string& event : body.entries()) {
      EXPECT_TRUE(seen.insert(event).second) << event;
    }
    target = body.link("next");
  }
  EXPECT_EQ(seen.size(), 7U);
}

TEST_F(AccessToRecords, ReplayRebuildsWhatWasShown) {
  http::Response whole = fixture_.get("Patient/" + ann_ + "/$everything", "gp");
  http::Response read = fixture_.get("Observation/" + observation_, "gp");
  http::Response history = fixture_.get("Observation/" + observation_ + "/_history", "gp");
  http::Response version = fixture_.get("Observation/" + observation_ + "/_history/1", "gp");
  http::Response found = fixture_.get("Patient?identifier=s%7C1", "gp");
  http::Response refused = fixture_.get("Observation/" + observation_, "clerk");
  http::Response absent = fixture_.get("Patient/" + absent_id(), "gp");
  http::Response own = fixture_.get("Patient/" + ann_ + "/$everything?_type=Patient", kCitizen);
  // The record moves on: a new version, a new item, a deletion, and the registration ends.
  change_observation(2);
  fixture_.put(kGp, "o9", R"({"resourceType":"Observation"})");
  fixture_.put(
      kGp, "ann",
      R"({"resourceType":"Patient","active":false,"identifier":[{"system":"s","value":"2"}]})",
      kMatch);
  EXPECT_EQ(fixture_.get("Patient/" + ann_, "gp").status, 404);
  for (const http::Response* then :
       {&whole, &read, &history, &version, &found, &refused, &absent, &own}) {
    auto replayed = replay(*then);
    ASSERT_TRUE(replayed) << replayed.error().text();
    EXPECT_TRUE(replayed->same_manifest) << replayed->path;
    EXPECT_EQ(replayed->status, then->status) << replayed->path;
    EXPECT_EQ(replayed->shown, replayed->entry.shown) << replayed->path;
    if (then->status == 200 && then != &found) {
      EXPECT_EQ(replayed->body, then->body) << replayed->path;
    }
  }
}

TEST_F(AccessToRecords, ReplayOfWhatIsNoItemIsRefused) {
  for (const char* target : {"/ledger/checkpoint", "AuditEvent?patient=x"}) {
    auto replayed = replay(fixture_.get(target, "gp"));
    ASSERT_FALSE(replayed) << target;
    EXPECT_EQ(replayed.error().code, ErrorCode::kUnsupported) << target;
  }
}

TEST_F(AccessToRecords, ReplayOfAFormAndOfAMethodNotTaken) {
  http::Request form = fixture_.request("POST", "Patient/_search", "gp");
  form.headers.add("Content-Type", "application/x-www-form-urlencoded");
  form.body = "identifier=s%7C1";
  http::Response found = fixture_.send(form);
  EXPECT_EQ(found.status, 200);
  http::Response patched = fixture_.send(fixture_.request("MERGE", "Patient/" + ann_, "gp"));
  EXPECT_EQ(patched.status, 405);
  for (const http::Response* then : {&found, &patched}) {
    auto replayed = replay(*then);
    ASSERT_TRUE(replayed) << replayed.error().text();
    EXPECT_TRUE(replayed->same_manifest) << replayed->path;
  }
}

TEST_F(AccessToRecords, ADeniedSearchParameterIsDeniedWhateverItWouldFind) {
  for (const char* value : {"1", "nothing"}) {
    http::Response response =
        fixture_.get("Patient?identifier=s%7C" + std::string(value), "no-search");
    EXPECT_EQ(response.status, 403) << value;
    EXPECT_EQ(std::get<ledger::RequestEntry>(fixture_.entries().back()).persons, 0U);
  }
  EXPECT_EQ(fixture_.get("Patient/" + ann_, "no-search").status, 200);
}

TEST_F(AccessToRecords, ARecordNamesOnlyWhatItsCallerMaySee) {
  fixture_.put({"trust", "ann-there"}, "ann-there", R"({"resourceType":"Patient"})", kMatch);
  constexpr std::string_view kJoined = "joined by NHS number";
  std::string to_system = fixture_.get("Patient/" + ann_ + "/$everything", "system:gp").body;
  EXPECT_NE(to_system.find(kJoined), std::string::npos);
  EXPECT_EQ(to_system.find(kJoined), to_system.rfind(kJoined));
  std::string to_gp = fixture_.get("Patient/" + ann_ + "/$everything", "gp").body;
  EXPECT_NE(to_gp.find(kJoined), to_gp.rfind(kJoined));
}

TEST_F(AccessToRecords, ThatSomethingWasDeletedIsToldOfThePerson) {
  fixture_.remove(kGp, *fhir::type_number("Observation"), "o1");
  for (const char* rest : {"", "/_history/2"}) {
    size_t before = fixture_.entries().size();
    EXPECT_EQ(fixture_.get("Observation/" + observation_ + rest, "gp").status, 410);
    auto entries = fixture_.entries();
    ASSERT_EQ(entries.size(), before + 2) << rest;
    auto part =
        fixture_.open(std::get<ledger::PersonEntry>(entries[before + 1]), fixture_.ord_of(kGp));
    EXPECT_EQ(part.disclosure, ledger::Disclosure::kShown);
    EXPECT_EQ(fixture_.get("Observation/" + observation_ + rest, "other-gp").status, 404);
  }
}

// What is about several patients is shown to who may see any of them, and told of all.
TEST_F(AccessToRecords, WhatIsAboutTwoIsSeenByEither) {
  const Home stranger{"gp", "bob"};
  fixture_.put(stranger, "bob", R"({"resourceType":"Patient"})", "9997654321|1990-01-01");
  std::string appointment =
      fixture_.put(stranger, "a1", R"({"resourceType":"Appointment"})", {}, {kGp});
  size_t before = fixture_.entries().size();
  http::Response whole = fixture_.get("Patient/" + ann_ + "/$everything", kCitizen);
  EXPECT_NE(whole.body.find("Appointment/" + appointment), std::string::npos);
  auto entries = fixture_.entries();
  EXPECT_EQ(std::get<ledger::RequestEntry>(entries[before]).persons, 2U);
  EXPECT_EQ(fixture_.get("Appointment/" + appointment, kCitizen).status, 200);
  EXPECT_EQ(fixture_.get("Appointment/" + appointment, "citizen:9990000000:1980-01-31").status,
            404);
}

TEST(Rate, IsSoManyRequestsOfACallerInASecond) {
  RateLimit rate(3);
  RateLimit::Time now{};
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(rate.admit("a", now));
  }
  EXPECT_FALSE(rate.admit("a", now));
  EXPECT_TRUE(rate.admit("b", now));
  EXPECT_TRUE(rate.admit("a", now + std::chrono::seconds(1)));
}

// A replay that could not differ would prove nothing.
TEST_F(AccessToRecords, ReplayFindsAnAnswerThatWasAnother) {
  http::Response read = fixture_.get("Observation/" + observation_, "gp");
  change_observation(2);
  http::Response later = fixture_.get("Observation/" + observation_, "gp");
  auto first = replay(read);
  auto second = replay(later);
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->manifest, second->manifest);
  EXPECT_NE(first->entry.manifest, second->manifest);
}

TEST_F(AccessToRecords, ReplayWantsAReceiptOfThisLedger) {
  http::Response read = fixture_.get("Observation/" + observation_, "gp");
  auto receipt = *access::Receipt::parse(receipt_of(read));
  receipt.id[0] ^= 1;
  auto other = api::replay(fixture_.store(), fixture_.region(), fixture_.clock(), receipt);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kInvalid);
}

TEST_F(AccessToRecords, ProofsAreOfReceiptsAsTheyAre) {
  http::Response read = fixture_.get("Observation/" + observation_, "gp");
  std::string receipt = receipt_of(read);
  http::Response proof = fixture_.get("/ledger/proof?receipt=" + receipt, "operator");
  EXPECT_EQ(proof.status, 200) << proof.body;
  std::string other = receipt;
  other.back() = other.back() == '0' ? '1' : '0';
  EXPECT_EQ(fixture_.get("/ledger/proof?receipt=" + other, "operator").status, 404);
  for (const char* wrong :
       {"x", "0-", "", "-1-00", "99999999999999999999-00112233445566778899aabbccddeeff"}) {
    EXPECT_EQ(fixture_.get("/ledger/proof?receipt=" + std::string(wrong), "operator").status, 400)
        << wrong;
  }
  EXPECT_EQ(fixture_.get("/ledger/proof?from=2&to=1", "gp").status, 400);
  EXPECT_EQ(fixture_.get("/ledger/proof?from=0&to=1", "gp").status, 400);
  EXPECT_EQ(fixture_.get("/ledger/proof?from=1&to=1&receipt=" + receipt, "gp").status, 400);
  for (const char* tile : {"entries/000", "entries/000.p/1", "0/000", "9/000", "0/001.p/1", "0/0",
                           "../../keys", "0/000.p/0"}) {
    EXPECT_EQ(fixture_.get("/ledger/tile/" + std::string(tile), "gp").status, 404) << tile;
  }
}

// Long and odd words of a request must never keep it out of the ledger.
TEST_F(AccessToRecords, WhateverIsAskedIsWrittenDown) {
  for (const std::string& query : {std::string(6'000, 'a'), std::string("%C3%A9=%F0%9F%98%80"),
                                   std::string("a=%FF"), std::string("\"\\<>")}) {
    size_t before = fixture_.entries().size();
    http::Response response = fixture_.get("Patient/" + ann_ + "?" + query, "gp");
    EXPECT_TRUE(response.status == 400 || response.status == 413) << query.substr(0, 20);
    EXPECT_GT(fixture_.entries().size(), before);
    EXPECT_FALSE(receipt_of(response).empty());
  }
}

}  // namespace
}  // namespace continuum::api
