// Ids that clients give what they make (PUT of an id that is not there).
#include <thread>

#include "api/write_fixture_test.h"

namespace continuum::api {
namespace {

class GivenIdTest : public WriteTest {
 protected:
  http::Response put(const std::string& name, const std::string& body,
                     std::string_view caller = kGp) {
    return send("PUT", name, body, caller);
  }
  http::Response transaction(const std::string& entries, std::string_view caller = kGp) {
    return send("POST", "/fhir",
                R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entries + "]}",
                caller);
  }
  static std::string entry(const std::string& name, const std::string& body,
                           const std::string& full_url = "") {
    return "{" + (full_url.empty() ? "" : R"("fullUrl":")" + full_url + R"(",)") +
           R"("resource":)" + body + R"(,"request":{"method":"PUT","url":")" + name + R"("}})";
  }
};

TEST_F(GivenIdTest, StandsAsItIs) {
  http::Response made = put("Patient/ann.1-A", patient("Smith", "ann.1-A"));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(field(made, "Location"), "http://127.0.0.1:8080/fhir/Patient/ann.1-A/_history/1");
  EXPECT_EQ(get("Patient/ann.1-A").body, made.body);
  EXPECT_EQ(get("Patient/Ann.1-A").status, 404) << "ids are case-sensitive";
  EXPECT_EQ(get("Observation/ann.1-A").status, 404);

  http::Response weight = put("Observation/w1", observation("Patient/ann.1-A", "80 kg", "w1"));
  ASSERT_EQ(weight.status, 201) << weight.body;
  EXPECT_NE(weight.body.find(R"("reference":"Patient/ann.1-A")"), std::string::npos);
  EXPECT_EQ(put("Observation/w1", observation("Patient/ann.1-A", "81 kg", "w1")).status, 200);
  EXPECT_EQ(field(get("Observation/w1"), "ETag"), "W/\"2\"");
  EXPECT_EQ(get("Observation/w1/_history/1").body.find("81"), std::string::npos);

  http::Response record = get("Patient/ann.1-A/$everything");
  for (const char* part : {R"("fullUrl":"http://127.0.0.1:8080/fhir/Patient/ann.1-A")",
                           R"("fullUrl":"http://127.0.0.1:8080/fhir/Observation/w1")"}) {
    EXPECT_NE(record.body.find(part), std::string::npos) << part << record.body;
  }
  http::Response history = get("Observation/w1/_history");
  EXPECT_NE(history.body.find(R"("total":2)"), std::string::npos) << history.body;
  EXPECT_EQ(send("DELETE", "Observation/w1", "").status, 204);
  EXPECT_EQ(get("Observation/w1").status, 410);
  EXPECT_NE(get("Observation/w1/_history").body.find(R"("url":"Observation/w1")"),
            std::string::npos);
  EXPECT_EQ(put("Observation/w1", observation("Patient/ann.1-A", "82 kg", "w1")).status, 201);
  EXPECT_EQ(field(get("Observation/w1"), "ETag"), "W/\"4\"");
  expect_sound();
}

TEST_F(GivenIdTest, AnothersIsTakenWhoeverItIs) {
  ASSERT_EQ(put("Patient/ann", patient("Smith", "ann")).status, 201);
  record::T t = fixture_.t();
  http::Response taken = put("Patient/ann", patient("Jones", "ann"), kGp2);
  EXPECT_EQ(taken.status, 409) << taken.body;
  EXPECT_EQ(taken.body.find("gp"), std::string::npos) << "it names no owner";
  EXPECT_EQ(taken.body.find("Smith"), std::string::npos);
  EXPECT_EQ(send("DELETE", "Patient/ann", "", kGp2).status, 404);
  EXPECT_EQ(put("Patient/ann", patient("Jones", "ann"), "gp").status, 403);
  EXPECT_EQ(fixture_.t(), t);
  // Deleted, it is taken still: its versions are there.
  EXPECT_EQ(send("DELETE", "Patient/ann", "").status, 204);
  EXPECT_EQ(put("Patient/ann", patient("Jones", "ann"), kGp2).status, 409);
  EXPECT_EQ(put("Observation/ann",
                R"({"resourceType":"Observation","id":"ann","status":"final",)"
                R"("code":{"text":"x"}})",
                kGp2)
                .status,
            201)
      << "another type's ids are others";
  expect_sound();
}

TEST_F(GivenIdTest, IdsThatMayNotBeGivenAreRefusedWithTheReason) {
  const struct {
    std::string id;
    const char* reason;
  } rows[] = {{"123", "must have a letter"},
              {"999-000-0018", "must have a letter"},
              {"nhs-9990000018", "may hold an NHS number"},
              {"nhs.999-000-0018", "may hold an NHS number"},
              {"00000000000000000000000000zz", "no resource of that type and id"}};
  record::T t = fixture_.t();
  for (const auto& [id, reason] : rows) {
    http::Response refused = put("Patient/" + id, patient("Smith", id));
    EXPECT_EQ(refused.status, id.size() == record::kIdTextSize ? 404 : 400) << id;
    EXPECT_NE(refused.body.find(reason), std::string::npos) << id << refused.body;
  }
  EXPECT_EQ(put("Patient/a_b", patient("Smith", "a_b")).status / 100, 4);
  EXPECT_EQ(put("Patient/" + std::string(65, 'a'), patient("S", std::string(65, 'a'))).status / 100,
            4);
  EXPECT_EQ(put("Patient/ann", patient("Smith", "bob")).status, 400);
  EXPECT_EQ(put("Patient/ann", patient("Smith")).status, 400);
  EXPECT_EQ(fixture_.t(), t);
  EXPECT_EQ(put("Patient/" + std::string(64, 'a'), patient("S", std::string(64, 'a'))).status, 201);
  EXPECT_EQ(put("Patient/c0ffee00-9990-0000-1888-999000001888",
                patient("S", "c0ffee00-9990-0000-1888-999000001888"))
                .status,
            201);
  expect_sound();
}

// Two names for one resource would be two resources.
TEST_F(GivenIdTest, TheSourcesOwnIdIsNotGivenTwice) {
  std::string ann = fixture_.put({"gp", "ann"}, "ann", patient("Smith"), "9990000018|1980-01-31");
  http::Response refused = put("Patient/ann", patient("Smith", "ann"));
  EXPECT_EQ(refused.status, 409) << refused.body;
  EXPECT_NE(refused.body.find("Patient/" + ann), std::string::npos) << refused.body;
  // To another source it is free.
  EXPECT_EQ(put("Patient/ann", patient("Jones", "ann"), kGp2).status, 201);
  // And a feed's reference by own id means the source's own.
  http::Response weight = send("POST", "Observation", observation("Patient/ann", "80 kg"));
  EXPECT_NE(weight.body.find("\"reference\":\"Patient/" + ann), std::string::npos) << weight.body;
  expect_sound();
}

TEST_F(GivenIdTest, WithinATransactionTheyNameEachOther) {
  http::Response made =
      transaction(entry("Observation/w1", observation("Patient/ann", "80 kg", "w1"), "urn:uuid:0") +
                  "," + entry("Patient/ann", patient("Smith", "ann")) + "," +
                  entry("Observation/w2",
                        observation("http://127.0.0.1:8080/fhir/Patient/ann", "81 kg", "w2")));
  ASSERT_EQ(made.status, 200) << made.body;
  for (const char* name : {"Observation/w1", "Observation/w2"}) {
    EXPECT_NE(get(name).body.find(R"("reference":"Patient/ann")"), std::string::npos) << name;
  }
  EXPECT_NE(get("Patient/ann/$everything").body.find("Observation/w2"), std::string::npos);
  EXPECT_EQ(transaction(entry("Patient/bob", patient("Jones", "bob")) + "," +
                        entry("Patient/bob", patient("Jones", "bob")))
                .status,
            400);
  EXPECT_EQ(get("Patient/bob").status, 404);
  expect_sound();
}

TEST_F(GivenIdTest, AConditionalUpdateMayGiveIt) {
  const std::string target = "Patient?identifier=9990000018";
  http::Response made = put(target, patient("Smith", "ann"));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(put(target, patient("Jones", "ann")).status, 200);
  EXPECT_EQ(put(target, patient("Jones", "bob")).status, 400) << "another than meets it";
  EXPECT_EQ(put("Patient?identifier=9990000026", patient("Late", "ann", "9990000026")).status, 409);
  EXPECT_EQ(field(get("Patient/ann"), "ETag"), "W/\"2\"");
  EXPECT_EQ(
      put("Observation?subject=Patient/ann", observation("Patient/ann", "80 kg", "w1")).status,
      201);
  EXPECT_EQ(
      put("Observation?subject=Patient/ann", observation("Patient/ann", "81 kg", "w1")).status, 200)
      << "references to given ids are found";
  expect_sound();
}

TEST_F(GivenIdTest, ConditionsOnVersionsHoldForWhatIsNotThere) {
  http::Request request = fixture_.request("PUT", "Patient/ann", kGp);
  request.body = patient("Smith", "ann");
  request.headers.add("Content-Type", "application/fhir+json");
  request.headers.add("If-Match", "W/\"1\"");
  EXPECT_EQ(fixture_.send(request).status, 412);
  request = fixture_.request("PUT", "Patient/ann", kGp);
  request.body = patient("Smith", "ann");
  request.headers.add("Content-Type", "application/fhir+json");
  request.headers.add("If-None-Match", "*");
  EXPECT_EQ(fixture_.send(request).status, 201);
  EXPECT_EQ(fixture_.send(request).status, 412);
}

TEST_F(GivenIdTest, OfManySourcesAtOnceOneGetsIt) {
  for (int round = 0; round < 8; ++round) {
    const std::string id = "race-" + std::to_string(round);
    std::vector<std::thread> threads;
    std::vector<int> statuses(8);
    for (size_t i = 0; i < statuses.size(); ++i) {
      threads.emplace_back([&, i] {
        statuses[i] = put("Patient/" + id, patient("Smith", id), i % 2 == 0 ? kGp : kGp2).status;
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    EXPECT_EQ(std::count(statuses.begin(), statuses.end(), 201), 1);
    // The winner's others find it there.
    EXPECT_EQ(std::count(statuses.begin(), statuses.end(), 200), 3);
    EXPECT_EQ(std::count(statuses.begin(), statuses.end(), 409), 4);
  }
  expect_sound();
}

TEST_F(GivenIdTest, StaffAndCitizensGiveNone) {
  ASSERT_EQ(put("Patient/ann", patient("Smith", "ann")).status, 201);
  for (std::string_view caller : {"gp", "citizen:9990000018:1980-01-31"}) {
    EXPECT_NE(
        send("PUT", "Observation/w9", observation("Patient/ann", "80 kg", "w9"), caller).status,
        201);
  }
  EXPECT_EQ(get("Observation/w9").status, 404);
}

// Care that names an Organization by a given id opens the record to that organisation as any other.
TEST_F(GivenIdTest, CareByAGivenIdCounts) {
  ASSERT_EQ(put("Organization/own-practice",
                R"({"resourceType":"Organization","id":"own-practice","identifier":[{"system":)"
                R"("https://fhir.nhs.uk/Id/ods-organization-code","value":"A81001"}]})")
                .status,
            201);
  ASSERT_EQ(put("Patient/ann", patient("Smith", "ann")).status, 201);
  EXPECT_EQ(get("Patient/ann", "gp").status, 404);
  std::string registered = patient("Smith", "ann");
  registered.insert(registered.size() - 1,
                    R"(,"generalPractitioner":[{"reference":"Organization/own-practice"}])");
  ASSERT_EQ(put("Patient/ann", registered).status, 200);
  EXPECT_EQ(get("Patient/ann", "gp").status, 200);
  EXPECT_EQ(get("Patient/ann", "other-gp").status, 404);
  expect_sound();
}

TEST_F(GivenIdTest, ErasedItIsFree) {
  ASSERT_EQ(put("Patient/ann", patient("Smith", "ann")).status, 201);
  ASSERT_EQ(put("Observation/w1", observation("Patient/ann", "80 kg", "w1")).status, 201);
  auto located =
      fixture_.store().view()->locate({fhir::kPatientType, *record::ResourceId::named("ann")});
  ASSERT_TRUE(located);
  auto plan = fixture_.store().plan_erasure(located->key.ord);
  ASSERT_TRUE(plan) << plan.error().text();
  auto erased = fixture_.store().erase({located->key.ord, plan->state, "test", "asked for"}, {});
  ASSERT_TRUE(erased) << erased.error().text();
  EXPECT_EQ(get("Patient/ann").status, 404);
  EXPECT_EQ(get("Observation/w1").status, 404);
  expect_sound();
  EXPECT_EQ(put("Patient/ann", patient("Jones", "ann", "9990000026"), kGp2).status, 201);
  expect_sound();
}

}  // namespace
}  // namespace continuum::api
