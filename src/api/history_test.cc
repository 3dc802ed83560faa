// Histories of one resource, of a type and of the system: against a plain model of all that was
// written, and case by case.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "api/replay.h"
#include "api/write_fixture_test.h"
#include "base/check.h"
#include "json/writer.h"
#include "service/limits.h"

namespace continuum::api {
namespace {

constexpr std::string_view kAnnMatch = "9991234567|1980-01-31";
constexpr std::string_view kBobMatch = "9997654321|1979-02-01";
constexpr std::string_view kAnn = "citizen:9991234567:1980-01-31";
constexpr std::string_view kBob = "citizen:9997654321:1979-02-01";
constexpr std::string_view kTrust = "system:trust";
constexpr size_t kPagesMax = 1'000;

// One entry of a history, as it was told.
struct Told {
  std::string name;  // Type/id
  std::string method;
  std::string url;
  std::string status;
  std::string etag;
  std::string modified;
  std::string resource;  // JSON; empty: none
};

std::vector<Told> told_in(std::string_view text) {
  std::vector<Told> out;
  Body body(text);
  EXPECT_EQ(body.string("type"), "history");
  const json::Node* entries = body.root().find("entry");
  if (entries == nullptr) {
    return out;
  }
  for (const json::Node& entry : json::children(*entries)) {
    const json::Node* request = entry.find("request");
    const json::Node* response = entry.find("response");
    const json::Node* resource = entry.find("resource");
    std::string full(entry.string("fullUrl"));
    constexpr std::string_view kBase = "http://127.0.0.1:8080/fhir/";
    EXPECT_TRUE(full.starts_with(kBase)) << full;
    Told one{full.substr(kBase.size()),
             std::string(request->string("method")),
             std::string(request->string("url")),
             std::string(response->string("status")),
             std::string(response->string("etag")),
             std::string(response->string("lastModified")),
             {}};
    if (resource != nullptr) {
      json::write(*resource, one.resource);
    }
    out.push_back(std::move(one));
  }
  return out;
}

// "PUT Observation/x 2": what is compared.
std::string line_of(const Told& told) {
  return told.method + ' ' + told.name + ' ' + told.etag;
}
std::vector<std::string> lines_of(const std::vector<Told>& told) {
  std::vector<std::string> lines;
  for (const Told& one : told) {
    lines.push_back(line_of(one));
  }
  return lines;
}

using Lines = std::vector<std::string>;

class HistoryTest : public testing::TestWithParam<record::Engine> {
 protected:
  // All pages, one after another; `between` is called between them.
  std::vector<Told> all_pages(
      std::string target, std::string_view caller, const std::function<void()>& between = [] {}) {
    std::vector<Told> all;
    for (size_t page = 0; !target.empty(); ++page) {
      EXPECT_LT(page, kPagesMax);
      http::Response response = fixture_.get(target, caller);
      EXPECT_EQ(response.status, 200) << response.body;
      if (response.status != 200 || page == kPagesMax) {
        return all;
      }
      for (Told& one : told_in(response.body)) {
        all.push_back(std::move(one));
      }
      target = Body(response.body).link("next");
      if (!target.empty()) {
        between();
      }
    }
    return all;
  }
  Lines lines(const std::string& target, std::string_view caller) {
    return lines_of(all_pages(target, caller));
  }
  std::string put(const Home& home, std::string_view own_id, std::string_view value,
                  const std::vector<Home>& also = {}) {
    return fixture_.put(
        home, own_id,
        R"({"resourceType":"Observation","valueString":")" + std::string(value) + "\"}", {}, also);
  }
  void remove(const Home& home, std::string_view own_id) {
    fixture_.remove(home, *fhir::type_number("Observation"), own_id);
  }
  std::string put_patient(const Home& home, std::string_view match, std::string_view value = "x") {
    return fixture_.put(home, home.patient,
                        R"({"resourceType":"Patient","language":")" + std::string(value) + "\"}",
                        match);
  }
  void tick(int64_t millis) { fixture_.clock().advance_micros(millis * 1'000); }
  std::string now() { return to_fhir_instant(fixture_.clock().now()); }
  Result<Replayed> replay_of(const http::Response& response) {
    auto receipt =
        access::Receipt::parse(std::string(response.headers.find(kReceiptField).value_or("")));
    CHECK(receipt.has_value());
    return replay(fixture_.store(), fixture_.region(), fixture_.clock(), *receipt);
  }
  void expect_sound() {
    auto report = fixture_.store().check({});
    ASSERT_TRUE(report);
    EXPECT_EQ(report->findings, std::vector<std::string>{});
  }

  ApiFixture fixture_{uint64_t{64} << 20, GetParam()};
  const Home ann_{"gp", "ann"};
  const Home ann_at_trust_{"trust", "ann-at-trust"};
  const Home bob_{"gp", "bob"};
};

// --- parameters ----------------------------------------------------------------------------------

TEST_P(HistoryTest, ParametersThatAreNotUnderstoodAreNamed) {
  std::string id = put_patient(ann_, kAnnMatch);
  for (const std::string& path :
       {"Patient/" + id + "/_history", std::string("Patient/_history"), std::string("_history")}) {
    for (const char* wrong :
         {"_since=2026", "_since=yesterday", "_since=", "_at=never", "_at=", "_at=ge2026",
          "_sort=date", "_sort=", "_sort=_lastUpdated,-_lastUpdated", "_count=-1", "_count=x",
          "_page=x", "_list=1", "_type=Patient",
          "_since=2026-01-01T00:00:00Z&_since=2026-01-01T00:00:00Z"}) {
      http::Response response = fixture_.get(path + "?" + wrong, kGp);
      EXPECT_EQ(response.status, 400) << path << "?" << wrong;
      std::string_view name(wrong);
      name = name.substr(0, name.find('='));
      ASSERT_EQ(Body(response.body).diagnostics().size(), 1U);
      EXPECT_NE(Body(response.body).diagnostics()[0].find(name), std::string::npos) << wrong;
    }
    for (const char* right :
         {"_since=2026-01-01T00:00:00Z", "_since=2026-01-01T00:00:00.123%2B01:00", "_at=2026",
          "_at=2026-11-22T07:49:00Z", "_sort=_lastUpdated", "_sort=-_lastUpdated", "_count=0",
          "_count=100000", "_format=json"}) {
      EXPECT_EQ(fixture_.get(path + "?" + right, kGp).status, 200) << path << "?" << right;
    }
  }
  // What is wrong with a question says nothing of what is there.
  http::Response absent = fixture_.get("Patient/nobody/_history?_page=x", kGp);
  EXPECT_EQ(absent.status, 404);
}

TEST_P(HistoryTest, OfAResourceByTime) {
  put_patient(ann_, kAnnMatch);
  std::vector<std::string> at;
  std::string id;
  for (const char* value : {"1", "2", "3"}) {
    at.push_back(now());
    id = put(ann_, "o", value);
    tick(1'000);
  }
  at.push_back(now());
  remove(ann_, "o");
  tick(1'000);
  at.push_back(now());
  put(ann_, "o", "5");
  const std::string name = "Observation/" + id;
  const std::string path = name + "/_history";
  auto versions = [&](const std::string& query) {
    std::string out;
    for (const Told& one : all_pages(path + "?" + query, kGp)) {
      out += one.etag.substr(3, one.etag.size() - 4);
    }
    return out;
  };
  EXPECT_EQ(versions("_count=2"), "54321");
  EXPECT_EQ(versions("_sort=-_lastUpdated"), "54321");
  EXPECT_EQ(versions("_sort=_lastUpdated&_count=1"), "12345");
  EXPECT_EQ(versions("_since=" + at[2]), "543");
  EXPECT_EQ(versions("_since=" + at[4] + "&_count=1"), "5");
  EXPECT_EQ(versions("_since=2200-01-01T00:00:00Z"), "");
  EXPECT_EQ(versions("_at=" + at[1]), "2");
  EXPECT_EQ(versions("_at=" + at[3]), "4") << "it was deleted at that moment";
  EXPECT_EQ(versions("_at=" + to_fhir_instant({fixture_.clock().now().micros - 500'000})), "")
      << "it was not there";
  EXPECT_EQ(versions("_at=" + at[1].substr(0, 4)), "54321") << "all within that year";
  EXPECT_EQ(versions("_at=2200"), "5");
  EXPECT_EQ(versions("_at=1999"), "");
  EXPECT_EQ(versions("_at=" + at[0].substr(0, 4) + "&_since=" + at[2] + "&_sort=_lastUpdated"),
            "345");
  // All that an entry says.
  auto all = all_pages(path, kGp);
  ASSERT_EQ(all.size(), 5U);
  const std::vector<std::vector<std::string>> expected = {{"PUT", name, "201"},
                                                          {"DELETE", name, "204"},
                                                          {"PUT", name, "200"},
                                                          {"PUT", name, "200"},
                                                          {"POST", "Observation", "201"}};
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ((std::vector{all[i].method, all[i].url, all[i].status}), expected[i]) << i;
    EXPECT_EQ(all[i].name, name);
    EXPECT_EQ(all[i].modified, at[4 - i]);
    EXPECT_EQ(all[i].resource.empty(), i == 1);
  }
  EXPECT_EQ(Body(fixture_.get(path + "?_count=0", kGp).body).total(), 5U);
  EXPECT_EQ(Body(fixture_.get(path + "?_count=0", kGp).body).link("next"), "");
}

// --- who -----------------------------------------------------------------------------------------

TEST_P(HistoryTest, StaffAndOperatorsAreToldWhatToAskInstead) {
  put_patient(ann_, kAnnMatch);
  for (const char* caller : {"reader", "gp", "clerk", "ward", "operator"}) {
    for (const char* path : {"_history", "Patient/_history"}) {
      http::Response response = fixture_.get(path, caller);
      EXPECT_EQ(response.status, 403) << caller;
      EXPECT_NE(Body(response.body).diagnostics()[0].find("$everything"), std::string::npos);
      EXPECT_EQ(std::get<ledger::RequestEntry>(fixture_.entries().back()).shown, 0U);
    }
  }
}

TEST_P(HistoryTest, OfASourceSaysNothingOfOthers) {
  put_patient(ann_, kAnnMatch);
  put(ann_, "o1", "one");
  put(ann_, "o1", "two");
  const std::vector<std::string> targets = {"_history",
                                            "Observation/_history",
                                            "_history?_count=1",
                                            "_history?_sort=_lastUpdated",
                                            "_history?_at=2026-01-01",
                                            "Flag/_history"};
  std::vector<http::Response> before;
  for (const std::string& target : targets) {
    before.push_back(fixture_.get(target, kGp));
  }
  tick(10'000);
  put_patient(ann_at_trust_, kAnnMatch);
  for (int i = 0; i < 40; ++i) {
    put(ann_at_trust_, "t" + std::to_string(i % 7), std::to_string(i));
  }
  fixture_.put({"trust", "", true}, "q", R"({"resourceType":"Observation"})");
  for (size_t i = 0; i < targets.size(); ++i) {
    http::Response after = fixture_.get(targets[i], kGp);
    EXPECT_EQ(after.status, before[i].status);
    EXPECT_EQ(after.body.size(), before[i].body.size()) << targets[i];
    if (Body(after.body).link("next").empty()) {  // which is sealed anew each time
      EXPECT_EQ(after.body, before[i].body) << targets[i];
    }
    EXPECT_EQ(lines(targets[i], kGp), [&] {
      Lines own;
      for (const Told& one : told_in(before[i].body)) {
        own.push_back(line_of(one));
      }
      if (targets[i] == "_history?_count=1") {
        own = lines("_history", kGp);
      }
      return own;
    }());
  }
  EXPECT_EQ(lines("_history", kTrust).size(), 42U);
  // A system that never sent anything, and one that is nobody's.
  EXPECT_EQ(lines("_history", "system:silent"), Lines{});
  // A token is of one caller.
  std::string next = Body(fixture_.get("_history?_count=1", kGp).body).link("next");
  EXPECT_EQ(fixture_.get(next, kTrust).status, 400);
  EXPECT_EQ(fixture_.get("Observation/" + next, kGp).status, 400) << "of another question";
}

TEST_P(HistoryTest, OfACitizenIsTheirRecordAlone) {
  std::string ann = put_patient(ann_, kAnnMatch);
  std::string at_trust = put_patient(ann_at_trust_, kAnnMatch);
  put_patient(bob_, kBobMatch);
  std::string own = put(ann_, "o1", "one");
  std::string other = put(ann_at_trust_, "o2", "two");
  put(bob_, "o3", "three");
  remove(ann_, "o1");
  EXPECT_EQ(lines("_history?_count=2", kAnn),
            (Lines{"DELETE Observation/" + own + " W/\"2\"",
                   "POST Observation/" + other + " W/\"1\"", "POST Observation/" + own + " W/\"1\"",
                   "POST Patient/" + at_trust + " W/\"1\"", "POST Patient/" + ann + " W/\"1\""}));
  EXPECT_EQ(lines("Patient/_history?_sort=_lastUpdated", kAnn),
            (Lines{"POST Patient/" + ann + " W/\"1\"", "POST Patient/" + at_trust + " W/\"1\""}));
  EXPECT_EQ(Body(fixture_.get("_history?_count=1", kAnn).body).total(), 5U);
  EXPECT_EQ(lines("_history", "citizen:9991234567:1980-02-01"), Lines{}) << "another birth date";
  EXPECT_EQ(lines("_history", "citizen:9991234567:"), Lines{}) << "none";
  // Who they are has changed between two pages.
  std::string next = Body(fixture_.get("_history?_count=1", kAnn).body).link("next");
  put_patient(ann_at_trust_, "9991234567|1980-01-30", "y");
  EXPECT_EQ(fixture_.get(next, kAnn).status, 409);
}

TEST_P(HistoryTest, WhatIsAboutSeveralIsToldOnce) {
  std::string ann = put_patient(ann_, kAnnMatch);
  put_patient(bob_, kBobMatch);
  const Home ann_twice{"gp", "ann-again"};
  put_patient(ann_twice, kAnnMatch);
  std::string id = put(bob_, "o", "1", {ann_, ann_twice});
  put(bob_, "o", "2", {ann_twice});
  put(bob_, "o", "3", {});
  put(bob_, "o", "4", {ann_});
  remove(bob_, "o");
  auto version = [&](const char* method, int number) {
    return std::string(method) + " Observation/" + id + " W/\"" + std::to_string(number) + "\"";
  };
  const Lines all = {version("DELETE", 5), version("PUT", 4), version("PUT", 3), version("PUT", 2),
                     version("POST", 1)};
  EXPECT_EQ(lines("Observation/_history", kGp), all);
  EXPECT_EQ(lines("Observation/_history", kBob), all);
  // To Ann it is gone with the third version, and again with the fifth.
  EXPECT_EQ(lines("Observation/_history", kAnn),
            (Lines{version("DELETE", 5), version("PUT", 4), version("DELETE", 3), version("PUT", 2),
                   version("POST", 1)}));
  expect_sound();
}

TEST_P(HistoryTest, PagesAreOfTheMomentOfTheFirst) {
  put_patient(ann_, kAnnMatch);
  std::string id = put(ann_, "o", "1");
  put(ann_, "o", "2");
  int value = 2;
  const std::string one = "Observation/" + id + "/_history";
  for (const auto& [path, caller] : {std::pair{one, kGp},
                                     {one, kAnn},
                                     {std::string("Observation/_history"), kGp},
                                     {std::string("Observation/_history"), kAnn}}) {
    for (const char* rest :
         {"?_count=1", "?_count=1&_sort=_lastUpdated", "?_count=1&_sort=_lastUpdated&_at=2200"}) {
      Lines before = lines(path + rest, caller);
      int writes = 0;
      auto told = all_pages(path + rest, caller, [&] {
        if (++writes == 1) {
          put(ann_, "o", std::to_string(++value));
          put(ann_, "new" + std::to_string(value), "1");
        }
      });
      EXPECT_EQ(lines_of(told), before) << path << rest;
    }
  }
}

TEST_P(HistoryTest, OfAPageGoesOnWhereItLookedEnough) {
  if (GetParam() == record::Engine::kRocks) {
    GTEST_SKIP() << "what counts is above the engines, and so many versions take seconds";
  }
  put_patient(ann_, kAnnMatch);
  const size_t count = service::kVersionsPassedMax + 5;
  for (size_t i = 0; i < count; ++i) {
    put(ann_, "o", std::to_string(i));
    tick(1);
  }
  // Of all versions the last alone is current then.
  http::Response first = fixture_.get("Observation/_history?_at=2200", kGp);
  EXPECT_EQ(told_in(first.body).size(), 1U);
  std::string next = Body(first.body).link("next");
  ASSERT_NE(next, "");
  http::Response second = fixture_.get(next, kGp);
  EXPECT_EQ(told_in(second.body).size(), 0U);
  EXPECT_EQ(Body(second.body).link("next"), "");
  // Oldest first, the page before it is empty.
  http::Response empty = fixture_.get("Observation/_history?_at=2200&_sort=_lastUpdated", kGp);
  EXPECT_EQ(told_in(empty.body).size(), 0U);
  EXPECT_EQ(told_in(fixture_.get(Body(empty.body).link("next"), kGp).body).size(), 1U);
}

TEST_P(HistoryTest, AnswersAreRebuilt) {
  put_patient(ann_, kAnnMatch);
  put_patient(ann_at_trust_, kAnnMatch);
  for (int i = 0; i < 5; ++i) {
    put(ann_, "o" + std::to_string(i % 3), std::to_string(i), {bob_});
    put(ann_at_trust_, "t", std::to_string(i));
    tick(100);
  }
  remove(ann_, "o1");
  std::vector<http::Response> then;
  for (std::string_view caller : {kGp, kAnn}) {
    for (const char* target : {"_history", "Observation/_history?_count=3",
                               "_history?_sort=_lastUpdated&_at=2026", "Patient/_history"}) {
      then.push_back(fixture_.get(target, caller));
      std::string next = Body(then.back().body).link("next");
      if (!next.empty()) {
        put(ann_, "between", std::to_string(then.size()));
        then.push_back(fixture_.get(next, caller));
      }
    }
  }
  put(ann_, "o2", "later");
  remove(ann_, "o0");
  put(ann_at_trust_, "t", "later");
  for (const http::Response& response : then) {
    auto replayed = replay_of(response);
    ASSERT_TRUE(replayed) << replayed.error().text();
    EXPECT_TRUE(replayed->same_manifest) << replayed->path;
    EXPECT_EQ(replayed->status, 200);
    EXPECT_EQ(replayed->body.size(), response.body.size());
    EXPECT_EQ(lines_of(told_in(replayed->body)), lines_of(told_in(response.body)));
    EXPECT_EQ(replayed->shown, told_in(response.body).size());
  }
}

TEST_P(HistoryTest, AnItemThatDoesNotOpenFailsTheAnswer) {
  put_patient(ann_, kAnnMatch);
  fixture_.damage_next([](record::Prepared& prepared) { prepared.sealed.back() ^= 1; });
  put(ann_, "o", "broken");
  for (std::string_view caller : {kGp, kAnn}) {
    http::Response response = fixture_.get("_history", caller);
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(response.body.find("Observation"), std::string::npos);
    EXPECT_EQ(
        std::get<ledger::RequestEntry>(fixture_.entries()[fixture_.entries().size() - 2]).shown,
        0U);
  }
}

// --- against a model -----------------------------------------------------------------------------

// All that was ever written, plainly.
struct Written {
  std::string name;  // Type/id
  std::string source;
  uint32_t version = 1;
  Instant instant;
  bool deleted = false;
  std::set<std::string> patients;  // it is about; none when deleted
  std::set<std::string> lost;      // of those of the version before
};

class HistoryModel : public HistoryTest {
 protected:
  void write_something() {
    fixture_.clock().advance_micros(static_cast<int64_t>(random_.below(4)) * 600);
    const uint64_t number = random_.below(9);
    const bool is_trust = number >= 6;
    const std::string source = is_trust ? "trust" : "gp";
    const std::string own_id = "o" + std::to_string(number);
    const std::string home = source + std::to_string(is_trust ? 0 : number % 3);
    std::string type = number % 2 == 0 ? "Observation" : "Condition";
    std::vector<Written>& past = items_[own_id];
    if (!past.empty() && random_.below(4) == 0) {
      if (!past.back().deleted) {
        fixture_.remove({source, home}, *fhir::type_number(type), own_id);
        note(past, past.back().name, source, {});
      }
      return;
    }
    std::vector<Home> also;
    std::set<std::string> patients{home};
    if (number < 3) {
      for (int other = 0; other < 3; ++other) {
        std::string name = "gp" + std::to_string(other);
        if (name != home && random_.below(2) == 0) {
          also.push_back({source, name});
          patients.insert(name);
        }
      }
    }
    std::string id = fixture_.put(
        {source, home}, own_id,
        R"({"resourceType":")" + type + R"(","language":")" + std::to_string(++values_) + "\"}", {},
        also);
    note(past, type + "/" + id, source, std::move(patients));
  }
  void note(std::vector<Written>& past, const std::string& name, const std::string& source,
            std::set<std::string> patients) {
    Written written;
    written.name = name;
    written.source = source;
    written.version = past.empty() ? 1 : past.back().version + 1;
    written.instant = fixture_.clock().now();
    written.deleted = patients.empty();
    if (!past.empty()) {
      for (const std::string& patient : past.back().patients) {
        if (!patients.contains(patient)) {
          written.lost.insert(patient);
        }
      }
    }
    written.patients = std::move(patients);
    order_.emplace_back(&past, past.size());
    past.push_back(std::move(written));
  }

  struct Question {
    std::string target;
    std::string type;  // empty: all
    std::string resource;
    std::optional<Instant> since;
    std::optional<std::pair<Instant, Instant>> at;
    bool oldest_first = false;
  };
  Instant some_instant() {
    int64_t span = fixture_.clock().now().micros - start_.micros;
    int64_t micros = start_.micros - 1'000 +
                     static_cast<int64_t>(random_.below(static_cast<uint64_t>(span) + 3'000));
    return {micros / 1'000 * 1'000};  // as it can be said
  }
  Question ask() {
    Question question;
    question.target = "_history?_count=" + std::to_string(1 + random_.below(6));
    if (random_.below(2) == 0) {
      question.type = random_.below(2) == 0 ? "Observation" : "Condition";
      question.target = question.type + "/" + question.target;
    }
    if (random_.below(3) == 0) {
      question.since = some_instant();
      question.target += "&_since=" + to_fhir_instant(*question.since);
    }
    if (random_.below(2) == 0) {
      Instant at = some_instant();
      if (random_.below(2) == 0) {
        question.at = {at, Instant{at.micros + 1'000}};
        question.target += "&_at=" + to_fhir_instant(at);
      } else {
        at.micros -= at.micros % 1'000'000;
        question.at = {at, Instant{at.micros + 1'000'000}};
        question.target += "&_at=" + to_fhir_instant(at).substr(0, 19) + "Z";
      }
    }
    if (random_.below(2) == 0) {
      question.oldest_first = random_.below(2) == 0;
      question.target += question.oldest_first ? "&_sort=_lastUpdated" : "&_sort=-_lastUpdated";
    }
    return question;
  }
  // What a caller is to be told. `ords`: of a citizen, their source patients.
  Lines expected(const Question& question, const std::string& source,
                 const std::set<std::string>& ords) const {
    Lines out;
    for (const auto& [past, index] : order_) {
      const Written& written = (*past)[index];
      const Written* next = index + 1 < past->size() ? &(*past)[index + 1] : nullptr;
      auto is_theirs = [&](const std::set<std::string>& patients) {
        return std::any_of(patients.begin(), patients.end(),
                           [&](const std::string& patient) { return ords.contains(patient); });
      };
      bool is_there = source.empty() ? is_theirs(written.patients) : !written.deleted;
      bool is_told =
          source.empty() ? is_there || is_theirs(written.lost) : written.source == source;
      bool is_of_type = question.type.empty() || written.name.starts_with(question.type + "/");
      bool is_since = !question.since || written.instant >= *question.since;
      bool is_at = !question.at;
      if (question.at) {
        const auto& [low, high] = *question.at;
        bool begins = written.instant >= low && written.instant < high;
        bool lasts = is_there && written.instant < low && (next == nullptr || next->instant > low);
        is_at = begins || lasts;
      }
      if (is_told && is_of_type && is_since && is_at) {
        std::string method = !is_there ? "DELETE" : written.version == 1 ? "POST" : "PUT";
        out.push_back(method + ' ' + written.name + " W/\"" + std::to_string(written.version) +
                      "\"");
      }
    }
    if (!question.oldest_first) {
      std::reverse(out.begin(), out.end());
    }
    return out;
  }
  // Each version is what its address gives.
  void expect_readable(const std::vector<Told>& told, std::string_view caller) {
    for (const Told& one : told) {
      if (one.resource.empty()) {
        EXPECT_EQ(one.method, "DELETE");
        continue;
      }
      std::string version = one.etag.substr(3, one.etag.size() - 4);
      http::Response read = fixture_.get(one.name + "/_history/" + version, caller);
      ASSERT_EQ(read.status, 200) << one.name;
      EXPECT_EQ(read.body, one.resource);
    }
  }

  uint64_t seed_ = SecureRandom().u64();
  SeededRandom random_{seed_};
  uint64_t values_ = 0;
  Instant start_ = fixture_.clock().now();
  std::map<std::string, std::vector<Written>> items_;
  std::vector<std::pair<const std::vector<Written>*, size_t>> order_;
};

TEST_P(HistoryModel, PagesJoinedAreTheModelWhileOthersWrite) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  struct Asker {
    std::string_view caller;
    std::string source;
    std::set<std::string> ords;
  };
  const std::vector<Asker> askers = {{kGp, "gp", {}},
                                     {kTrust, "trust", {}},
                                     {kAnn, "", {"gp0", "gp1", "trust0"}},
                                     {kBob, "", {"gp2"}}};
  // Patients come first and are not asked about: they are in neither type.
  put_patient({"gp", "gp0"}, kAnnMatch);
  put_patient({"gp", "gp1"}, kAnnMatch);
  put_patient({"gp", "gp2"}, kBobMatch);
  put_patient({"trust", "trust0"}, kAnnMatch);
  fixture_.clock().advance_micros(5'000);
  start_ = fixture_.clock().now();
  size_t told_in_all = 0;
  for (int round = 0; round < 60; ++round) {
    for (uint64_t n = random_.below(6); n > 0; --n) {
      write_something();
    }
    const Asker& asker = askers[random_.below(askers.size())];
    Question question = ask();
    if (question.type.empty()) {
      question.type = "Observation";
      question.target = "Observation/" + question.target;
    }
    SCOPED_TRACE(question.target + " by " + std::string(asker.caller));
    Lines model = expected(question, asker.source, asker.ords);
    uint64_t writes_left = random_.below(6);
    auto told = all_pages(question.target, asker.caller, [&] {
      if (writes_left > 0) {
        --writes_left;
        write_something();
      }
    });
    ASSERT_EQ(lines_of(told), model);
    ASSERT_NO_FATAL_FAILURE(expect_readable(told, asker.caller));
    told_in_all += told.size();
  }
  EXPECT_GT(told_in_all, 100U);
  // The whole system, patients too, and single resources.
  for (const Asker& asker : askers) {
    std::set<std::string> once;
    Lines whole = lines("_history?_count=7", asker.caller);
    EXPECT_TRUE(std::all_of(whole.begin(), whole.end(),
                            [&](const std::string& one) { return once.insert(one).second; }));
    Lines of_types;
    for (const char* type : {"Observation", "Condition", "Patient"}) {
      Lines some = lines(std::string(type) + "/_history", asker.caller);
      of_types.insert(of_types.end(), some.begin(), some.end());
    }
    std::sort(whole.begin(), whole.end());
    std::sort(of_types.begin(), of_types.end());
    EXPECT_EQ(whole, of_types);
  }
  for (const auto& item : items_) {
    const std::vector<Written>& past = item.second;
    Question question = ask();
    size_t query = question.target.find("_history");
    question.target = past.front().name + "/" + question.target.substr(query);
    question.type.clear();
    Lines model = expected(question, past.front().source, {});
    std::erase_if(model, [&](const std::string& line) {
      return line.find(past.front().name + " ") == std::string::npos;
    });
    EXPECT_EQ(lines(question.target, "system:" + past.front().source), model) << question.target;
  }
  expect_sound();
}

TEST_P(HistoryModel, WhoIsErasedIsInNone) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  put_patient({"gp", "gp0"}, kAnnMatch);
  put_patient({"gp", "gp1"}, kAnnMatch);
  put_patient({"gp", "gp2"}, kBobMatch);
  for (int step = 0; step < 80; ++step) {
    write_something();
  }
  record::Ord ord = fixture_.ord_of({"gp", "gp1"});
  auto plan = fixture_.store().plan_erasure(ord);
  ASSERT_TRUE(plan);
  std::string patient = plan->patient.text();
  ASSERT_TRUE(fixture_.store().erase({ord, plan->state, "me", "asked"}, {}));
  for (std::string_view caller : {kGp, kAnn, kBob}) {
    for (const char* order : {"", "&_sort=_lastUpdated"}) {
      auto told = all_pages("_history?_count=5" + std::string(order), caller);
      EXPECT_FALSE(told.empty());
      std::set<std::string> once;
      for (const Told& one : told) {
        EXPECT_TRUE(once.insert(line_of(one)).second) << line_of(one);
        EXPECT_EQ(one.name.find(patient), std::string::npos);
        for (const auto& [own_id, past] : items_) {
          bool is_theirs_alone =
              past.front().name == one.name &&
              std::all_of(past.begin(), past.end(), [](const Written& written) {
                return written.deleted || written.patients == std::set<std::string>{"gp1"};
              });
          EXPECT_FALSE(is_theirs_alone) << one.name;
        }
      }
      // Copies may have versions from before the present home came, which have no address.
      if (caller == kGp) {
        ASSERT_NO_FATAL_FAILURE(expect_readable(told, caller));
      }
    }
  }
  expect_sound();
}

INSTANTIATE_TEST_SUITE_P(Engines, HistoryTest,
                         testing::Values(record::Engine::kMemory, record::Engine::kRocks),
                         [](const auto& info) {
                           return info.param == record::Engine::kMemory ? "Memory" : "Rocks";
                         });
INSTANTIATE_TEST_SUITE_P(Engines, HistoryModel,
                         testing::Values(record::Engine::kMemory, record::Engine::kRocks),
                         [](const auto& info) {
                           return info.param == record::Engine::kMemory ? "Memory" : "Rocks";
                         });

// What waits for its patient is seen by who sent it; once it has one, by its id from then on.
TEST_F(WriteTest, HistoryOfWhatLeavesQuarantine) {
  std::string ann = create("Patient", patient("Smith"));
  std::string waiting = create("Observation", observation("", "1"));
  auto told = [&] { return lines_of(told_in(get("Observation/_history").body)); };
  EXPECT_EQ(told(), Lines{"POST Observation/" + waiting + " W/\"1\""});
  std::string page = Body(get("_history?_count=1").body).link("next");
  EXPECT_EQ(get("_history", "system:gp2").body.find(waiting), std::string::npos);
  ASSERT_EQ(
      send("PUT", "Observation/" + waiting, observation("Patient/" + ann, "2", waiting)).status,
      200);
  EXPECT_EQ(told(), Lines{"PUT Observation/" + waiting + " W/\"2\""});
  EXPECT_EQ(told(), lines_of(told_in(get("Observation/" + waiting + "/_history").body)));
  // The pages to come are of the moment of the first.
  EXPECT_EQ(lines_of(told_in(get(page).body)), Lines{"POST Patient/" + ann + " W/\"1\""});
}

}  // namespace
}  // namespace continuum::api
