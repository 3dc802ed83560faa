// Correcting whom a resource is about: it goes on with the right patient, and its past stays with
// the one it was with.
#include "api/replay.h"
#include "api/write_fixture_test.h"

namespace continuum::api {
namespace {

using Texts = std::vector<std::string>;

class MoveTest : public WriteTest {
 protected:
  MoveTest() {
    ann_ = create("Patient", patient("Smith"));
    bob_ = create("Patient", patient("Jones", "", "9990000026"));
    weight_ = create("Observation", observation("Patient/" + ann_, "80 kg"));
    fixture_.clock().advance_micros(5'000'000);
  }
  http::Response say_of(const std::string& patient, std::string_view value) {
    return send("PUT", "Observation/" + weight_, observation("Patient/" + patient, value, weight_));
  }
  void move() {
    moved_after_ = fixture_.t();
    http::Response moved = say_of(bob_, "80 kg");
    ASSERT_EQ(moved.status, 200) << moved.body;
    EXPECT_EQ(field(moved, "ETag"), "W/\"2\"");
  }
  bool has_it(const std::string& patient, std::string_view caller = kGp,
              const std::string& query = "") {
    http::Response record = get("Patient/" + patient + "/$everything" + query, caller);
    EXPECT_EQ(record.status, 200) << record.body;
    return record.body.find("Observation/" + weight_) != std::string::npos;
  }
  record::Ord ord_of(const std::string& patient) {
    auto located =
        fixture_.store().view()->locate({fhir::kPatientType, *record::ResourceId::parse(patient)});
    EXPECT_TRUE(located);
    return located->key.ord;
  }
  void erase(const std::string& patient) {
    record::Ord ord = ord_of(patient);
    auto plan = fixture_.store().plan_erasure(ord);
    ASSERT_TRUE(plan);
    auto erased = fixture_.store().erase({ord, plan->state, "test", "asked for"}, {});
    ASSERT_TRUE(erased) << erased.error().text();
    expect_sound();
  }
  // "version method" of each entry of a history.
  Texts history(const std::string& target, std::string_view caller = kGp) {
    http::Response response = get(target, caller);
    Texts out;
    if (response.status != 200) {
      return {std::to_string(response.status)};
    }
    Body body(response.body);
    const json::Node* entries = body.root().find("entry");
    for (const json::Node* entry = entries == nullptr ? nullptr : entries->first; entry != nullptr;
         entry = entry->next) {
      std::string url(entry->string("fullUrl"));
      if (url.find(weight_) != std::string::npos) {
        out.push_back(std::string(entry->find("response")->string("etag")) + " " +
                      std::string(entry->find("request")->string("method")));
      }
    }
    return out;
  }

  std::string ann_, bob_, weight_;
  record::T moved_after_ = 0;
};

TEST_F(MoveTest, ItGoesOnWithTheRightPatient) {
  ASSERT_TRUE(has_it(ann_));
  move();
  EXPECT_FALSE(has_it(ann_));
  EXPECT_TRUE(has_it(bob_));
  http::Response read = get("Observation/" + weight_);
  EXPECT_NE(read.body.find("Patient/" + bob_), std::string::npos);
  EXPECT_EQ(field(read, "ETag"), "W/\"2\"");
  EXPECT_EQ(say_of(bob_, "81 kg").status, 200);
  EXPECT_EQ(field(get("Observation/" + weight_), "ETag"), "W/\"3\"");
  EXPECT_EQ(send("DELETE", "Observation/" + weight_, "").status, 204);
  EXPECT_EQ(get("Observation/" + weight_).status, 410);
  // Back again, from its deletion.
  EXPECT_EQ(say_of(ann_, "82 kg").status, 201);
  EXPECT_EQ(field(get("Observation/" + weight_), "ETag"), "W/\"5\"");
  EXPECT_TRUE(has_it(ann_));
  EXPECT_FALSE(has_it(bob_));
  EXPECT_EQ(history("Observation/" + weight_ + "/_history"),
            (Texts{"W/\"5\" PUT", "W/\"4\" DELETE", "W/\"3\" PUT", "W/\"2\" PUT", "W/\"1\" POST"}));
  for (int version = 1; version <= 5; ++version) {
    http::Response past = get("Observation/" + weight_ + "/_history/" + std::to_string(version));
    EXPECT_EQ(past.status, version == 4 ? 410 : 200) << version << past.body;
    EXPECT_EQ(past.body.find("Patient/" + (version == 1 || version == 5 ? ann_ : bob_)) !=
                  std::string::npos,
              version != 4)
        << version;
  }
  expect_sound();
}

TEST_F(MoveTest, APatchAndATransactionMoveItToo) {
  http::Request patch = fixture_.request("PATCH", "Observation/" + weight_, kGp);
  patch.body =
      R"([{"op":"replace","path":"/subject/reference","value":"Patient/)" + bob_ + R"("}])";
  patch.headers.add("Content-Type", "application/json-patch+json");
  http::Response patched = fixture_.send(patch);
  EXPECT_EQ(patched.status, 200) << patched.body;
  EXPECT_TRUE(has_it(bob_));
  http::Response back =
      send("POST", "/fhir",
           R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" +
               observation("Patient/" + ann_, "80 kg", weight_) +
               R"(,"request":{"method":"PUT","url":"Observation/)" + weight_ + R"("}}]})");
  EXPECT_EQ(back.status, 200) << back.body;
  EXPECT_TRUE(has_it(ann_));
  EXPECT_FALSE(has_it(bob_));
  expect_sound();
}

TEST_F(MoveTest, ThePastStaysWhereItWas) {
  move();
  const std::string then = "?_asOf=t:" + std::to_string(moved_after_);
  EXPECT_TRUE(has_it(ann_, kGp, then));
  EXPECT_FALSE(has_it(bob_, kGp, then));
  auto places = fixture_.store().view()->former_places(*fhir::type_number("Observation"),
                                                       record::ResourceId::parse(weight_)->hash);
  ASSERT_TRUE(places);
  ASSERT_EQ(places->size(), 1U);
  EXPECT_EQ(places->front().item.ord, ord_of(ann_));
  EXPECT_EQ(places->front().last_version, 1U);
  http::Response first = get("Observation/" + weight_ + "/_history/1");
  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_NE(first.body.find("Patient/" + ann_), std::string::npos);
  EXPECT_EQ(get("Observation/" + weight_ + "/_history/3").status, 404);
  const Texts both{"W/\"2\" PUT", "W/\"1\" POST"};
  EXPECT_EQ(history("Observation/" + weight_ + "/_history"), both);
  EXPECT_EQ(history("Observation/_history"), both) << "of the source: no end of what goes on";
}

// Who sees the one patient does not see the other's side.
TEST_F(MoveTest, EachSideIsDecidedForItself) {
  move();
  const std::string ann = "citizen:9990000018:1980-01-31";
  const std::string bob = "citizen:9990000026:1980-01-31";
  EXPECT_EQ(get("Observation/" + weight_, bob).status, 200);
  EXPECT_EQ(get("Observation/" + weight_, ann).status, 404);
  EXPECT_EQ(get("Observation/" + weight_ + "/_history/1", bob).status, 404);
  EXPECT_EQ(get("Observation/" + weight_ + "/_history/1", ann).status, 200);
  EXPECT_EQ(get("Observation/" + weight_ + "/_history/2", ann).status, 404);
  EXPECT_EQ(history("Observation/" + weight_ + "/_history", bob), Texts{"W/\"2\" PUT"});
  // To her it ended.
  EXPECT_EQ(history("Observation/" + weight_ + "/_history", ann),
            (Texts{"W/\"2\" DELETE", "W/\"1\" POST"}));
  EXPECT_EQ(history("Observation/_history", ann), (Texts{"W/\"2\" DELETE", "W/\"1\" POST"}));
  EXPECT_EQ(history("Observation/_history", bob), Texts{"W/\"2\" PUT"});
}

TEST_F(MoveTest, BothPersonsAreInTheLedger) {
  size_t before = fixture_.entries().size();
  move();
  auto entries = fixture_.entries();
  size_t persons = 0;
  for (size_t i = before; i < entries.size(); ++i) {
    persons += std::holds_alternative<ledger::PersonEntry>(entries[i]) ? 1 : 0;
  }
  EXPECT_EQ(persons, 2U);
}

TEST_F(MoveTest, WhatWasShownBeforeIsRebuiltAfter) {
  std::vector<http::Response> shown;
  for (const std::string& target :
       {"Observation/" + weight_, "Observation/" + weight_ + "/_history",
        "Observation/" + weight_ + "/_history/1", "Patient/" + ann_ + "/$everything"}) {
    shown.push_back(get(target));
    EXPECT_EQ(shown.back().status, 200);
  }
  move();
  for (const std::string& target :
       {"Observation/" + weight_, "Observation/" + weight_ + "/_history",
        "Patient/" + ann_ + "/$everything"}) {
    shown.push_back(get(target));
  }
  EXPECT_EQ(say_of(ann_, "81 kg").status, 200);
  for (const http::Response& then : shown) {
    auto receipt = access::Receipt::parse(field(then, kReceiptField));
    ASSERT_TRUE(receipt);
    auto again = replay(fixture_.store(), fixture_.region(), fixture_.clock(), *receipt);
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_TRUE(again->same_manifest) << again->path;
    EXPECT_EQ(again->body, then.body) << again->path;
  }
}

TEST_F(MoveTest, ErasingThePatientItWasWithLeavesIt) {
  move();
  erase(ann_);
  EXPECT_EQ(get("Observation/" + weight_).status, 200);
  EXPECT_TRUE(has_it(bob_));
  EXPECT_EQ(get("Observation/" + weight_ + "/_history/1").status, 404);
  EXPECT_EQ(history("Observation/" + weight_ + "/_history"), Texts{"W/\"2\" PUT"});
  EXPECT_EQ(say_of(bob_, "81 kg").status, 200);
  expect_sound();
}

TEST_F(MoveTest, ErasingThePatientItIsWithLeadsBackToItsPast) {
  move();
  EXPECT_EQ(say_of(bob_, "81 kg").status, 200);
  erase(bob_);
  EXPECT_EQ(get("Observation/" + weight_).status, 410);
  EXPECT_EQ(get("Observation/" + weight_ + "/_history/1").status, 200);
  EXPECT_EQ(history("Observation/" + weight_ + "/_history"),
            (Texts{"W/\"2\" DELETE", "W/\"1\" POST"}));
  EXPECT_EQ(say_of(ann_, "82 kg").status, 201);
  EXPECT_EQ(field(get("Observation/" + weight_), "ETag"), "W/\"3\"");
  expect_sound();
  erase(ann_);
  EXPECT_EQ(get("Observation/" + weight_).status, 404);
}

TEST_F(MoveTest, WhereNobodyMayWriteItDoesNotGo) {
  std::string other = create("Patient", patient("Other"), kGp2);
  record::T t = fixture_.t();
  EXPECT_EQ(say_of(other, "80 kg").status, 400);
  EXPECT_EQ(say_of("unknown", "80 kg").status, 400);
  EXPECT_EQ(fixture_.t(), t);
  EXPECT_TRUE(has_it(ann_));
  // Naming nobody is no correction.
  EXPECT_EQ(send("PUT", "Observation/" + weight_, observation("", "81 kg", weight_)).status, 200);
  EXPECT_TRUE(has_it(ann_));
}

// What is about several goes on with those it is about still, wherever its home is.
TEST_F(MoveTest, WhatIsAboutSeveralChangesWhomItIsAbout) {
  std::string cat = create("Patient", patient("Brown", "", "9990000034"));
  auto appointment = [](const Texts& patients, const std::string& id) {
    std::string out = R"({"resourceType":"Appointment",)" +
                      (id.empty() ? std::string() : R"("id":")" + id + R"(",)") +
                      R"("status":"booked","participant":[)";
    for (size_t i = 0; i < patients.size(); ++i) {
      out += (i == 0 ? "" : ",") + (R"({"actor":{"reference":"Patient/)" + patients[i]) +
             R"("},"status":"accepted"})";
    }
    return out + "]}";
  };
  const Texts all{ann_, bob_, cat};
  weight_ = create("Appointment", appointment({ann_, bob_}, ""));
  auto has = [&](const std::string& patient) {
    return get("Patient/" + patient + "/$everything").body.find("Appointment/" + weight_) !=
           std::string::npos;
  };
  const std::vector<Texts> steps{{bob_, ann_},      {bob_, cat}, {cat},      {ann_, bob_, cat},
                                 {bob_, cat, ann_}, {ann_},      {cat, bob_}};
  for (size_t i = 0; i < steps.size(); ++i) {
    http::Response said = send("PUT", "Appointment/" + weight_, appointment(steps[i], weight_));
    ASSERT_EQ(said.status, 200) << i << said.body;
    EXPECT_EQ(field(said, "ETag"), "W/\"" + std::to_string(i + 2) + "\"");
    for (const std::string& patient : all) {
      bool is_about = std::find(steps[i].begin(), steps[i].end(), patient) != steps[i].end();
      EXPECT_EQ(has(patient), is_about) << "step " << i;
    }
    expect_sound();
  }
  for (size_t version = 1; version <= steps.size() + 1; ++version) {
    EXPECT_EQ(get("Appointment/" + weight_ + "/_history/" + std::to_string(version)).status, 200)
        << version;
  }
  EXPECT_EQ(history("Appointment/" + weight_ + "/_history").size(), steps.size() + 1);
  EXPECT_EQ(send("DELETE", "Appointment/" + weight_, "").status, 204);
  expect_sound();
  erase(cat);
  erase(ann_);
  erase(bob_);
}

}  // namespace
}  // namespace continuum::api
