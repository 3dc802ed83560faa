// Conditional creates, updates, patches and deletes, and conditional references.
#include <atomic>
#include <thread>

#include "api/write_fixture_test.h"

namespace continuum::api {
namespace {

constexpr std::string_view kByNumber = "identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000018";

class ConditionalWriteTest : public WriteTest {
 protected:
  http::Response create_if_none(std::string_view criteria, const std::string& body,
                                std::string_view caller = kGp, std::string_view type = "Patient") {
    http::Request request = fixture_.request("POST", std::string(type), caller);
    request.body = body;
    request.headers.add("Content-Type", "application/fhir+json");
    request.headers.add("If-None-Exist", criteria);
    return fixture_.send(request);
  }
  http::Response patch(const std::string& target, std::string_view caller = kGp) {
    http::Request request = fixture_.request("PATCH", target, caller);
    request.body = R"([{"op":"replace","path":"/name/0/family","value":"Patched"}])";
    request.headers.add("Content-Type", "application/json-patch+json");
    return fixture_.send(request);
  }
  http::Response commit(const std::string& entries, std::string_view caller = kGp) {
    return send("POST", "/fhir",
                R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entries + "]}",
                caller);
  }
  static std::string entry(const std::string& method, const std::string& url,
                           const std::string& resource, const std::string& full_url = "",
                           const std::string& if_none_exist = "") {
    return "{" + (full_url.empty() ? "" : R"("fullUrl":")" + full_url + "\",") +
           (resource.empty() ? "" : R"("resource":)" + resource + ",") +
           R"("request":{"method":")" + method + R"(","url":")" + url + "\"" +
           (if_none_exist.empty() ? "" : R"(,"ifNoneExist":")" + if_none_exist + "\"") + "}}";
  }
  static std::string practitioner(std::string_view number, std::string_view family = "House") {
    return R"({"resourceType":"Practitioner","identifier":[{"system":"gmc","value":")" +
           std::string(number) + R"("}],"name":[{"family":")" + std::string(family) + R"("}]})";
  }
};

TEST_F(ConditionalWriteTest, ACreateFindsWhatIsThere) {
  http::Response first = create_if_none(kByNumber, patient("Smith"));
  ASSERT_EQ(first.status, 201) << first.body;
  record::T t = fixture_.t();
  http::Response second = create_if_none(kByNumber, patient("Smith"));
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(field(second, "Location"), field(first, "Location"));
  EXPECT_EQ(field(second, "ETag"), "W/\"1\"");
  EXPECT_EQ(fixture_.t(), t);
  // What the body says then does not matter, but that it is one does.
  EXPECT_EQ(create_if_none(kByNumber, patient("Jones")).body, first.body);
  EXPECT_EQ(create_if_none(kByNumber, R"({"resourceType":"Group"})").status, 400);
  // Who finds it has been shown it.
  auto entries = fixture_.entries();
  bool is_told = false;
  for (const auto& one : entries) {
    if (const auto* request = std::get_if<ledger::RequestEntry>(&one)) {
      is_told |= request->interaction == "create" && request->status == 200 && request->shown == 1;
    }
  }
  EXPECT_TRUE(is_told);
  // Deleted, it is not there.
  EXPECT_EQ(send("DELETE", "Patient/" + id_in(first), "").status, 204);
  EXPECT_EQ(create_if_none(kByNumber, patient("Smith")).status, 201);
  expect_sound();
}

TEST_F(ConditionalWriteTest, CriteriaSayWhatTheySay) {
  ASSERT_EQ(send("POST", "Patient", patient("Smith")).status, 201);
  create("Patient", patient("Jones", "", "9990000026", "1990-05-05"));
  const struct {
    std::string criteria;
    int status;
  } rows[] = {
      {"identifier=9990000018", 200},
      {"identifier=|9990000018", 201},
      {"identifier=9990000018,nothing", 200},
      {"identifier=9990000018%5C,nothing", 201},
      {"identifier=9990000018&family=smi", 200},
      {"identifier=9990000018&family=jones", 201},
      {"identifier=9990000018&birthdate=1980-01-31", 200},
      {"identifier=9990000018&birthdate=lt1980", 201},
      {"family:exact=Smith", 200},
      {"family:exact=smith", 201},
      {"birthdate=1990-05", 200},
      {"birthdate=ge1900", 412},
      {"identifier=9990000018,9990000026", 412},
      {"", 400},
      {"identifier=", 400},
      {"identifier", 400},
      {"identifier=system%7C", 400},
      {"identifer=9990000018", 400},
      {"identifier:not=9990000018", 400},
      {"identifier:=9990000018", 400},
      {"family:contains=mit", 400},
      {"birthdate=yesterday", 400},
      {"_lastUpdated=gt2020", 400},
      {"_sort=family", 400},
      {"family=" + std::string(300, 'x'), 400},
      {"identifier=%zz", 400},
      {"general-practitioner.name=x", 400},
      {"general-practitioner:Nobody=x", 400},
      {"family=a%5Cb", 400},
  };
  for (const auto& [criteria, status] : rows) {
    http::Response response = create_if_none(criteria, patient("Smith"));
    EXPECT_EQ(response.status, status) << criteria << response.body;
    if (response.status == 201) {
      EXPECT_EQ(send("DELETE", "Patient/" + id_in(response), "").status, 204);
    }
  }
  http::Request twice = fixture_.request("POST", "Patient", kGp);
  twice.body = patient("Smith");
  twice.headers.add("Content-Type", "application/fhir+json");
  twice.headers.add("If-None-Exist", "identifier=1");
  twice.headers.add("If-None-Exist", "identifier=2");
  EXPECT_EQ(fixture_.send(twice).status, 400);
  expect_sound();
}

// SAFETY: a condition tells nothing of other sources' patients, and changes none of them.
TEST_F(ConditionalWriteTest, OfAnotherSourceNothingMeets) {
  std::string id = create("Patient", patient("Smith"));
  EXPECT_EQ(create_if_none(kByNumber, patient("Smith"), kGp2).status, 201);
  std::string query = "Patient?_id=" + id;
  EXPECT_EQ(patch(query, kGp2).status, 404);
  EXPECT_EQ(send("DELETE", query, "", kGp2).status, 204);
  EXPECT_EQ(get("Patient/" + id).status, 200);
  // Who may not write is told no more.
  EXPECT_EQ(create_if_none(kByNumber, patient("Smith"), "gp").status, 403);
  EXPECT_EQ(create_if_none("identifer=x", patient("Smith"), "gp").status, 403);
  EXPECT_EQ(send("DELETE", query, "", "gp").status, 403);
}

TEST_F(ConditionalWriteTest, SharedOnesAreFoundOfAllAndChangedByTheirOwn) {
  http::Response first =
      create_if_none("identifier=gmc%7C7", practitioner("7"), kGp, "Practitioner");
  ASSERT_EQ(first.status, 201) << first.body;
  http::Response other =
      create_if_none("identifier=gmc%7C7", practitioner("7"), kGp2, "Practitioner");
  EXPECT_EQ(other.status, 200);
  EXPECT_EQ(id_in(other), id_in(first));
  http::Response own =
      send("PUT", "Practitioner?identifier=gmc%7C7", practitioner("7", "Own"), kGp2);
  EXPECT_EQ(own.status, 201) << own.body;
  EXPECT_NE(id_in(own), id_in(first));
  EXPECT_EQ(get("Practitioner/" + id_in(first)).body, first.body);
}

TEST_F(ConditionalWriteTest, AnUpdateMakesOrChangesOne) {
  std::string target = "Patient?" + std::string(kByNumber);
  http::Response made = send("PUT", target, patient("Smith"));
  ASSERT_EQ(made.status, 201) << made.body;
  http::Response changed = send("PUT", target, patient("Smythe"));
  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(id_in(changed), id_in(made));
  EXPECT_EQ(field(changed, "ETag"), "W/\"2\"");
  EXPECT_EQ(send("PUT", target, patient("Smythe", id_in(made))).status, 200);
  EXPECT_EQ(send("PUT", target, patient("Smythe", "other")).status, 400);
  EXPECT_EQ(
      send("PUT", "Patient?identifier=none", patient("Smythe", "00000000000000000000000000zz"))
          .status,
      400);
  EXPECT_EQ(send("PUT", target, patient("Smith"), kGp, "W/\"1\"").status, 412);
  EXPECT_EQ(send("PUT", target, patient("Smith"), kGp, "W/\"2\"").status, 200);
  create("Patient", patient("Twin"));
  EXPECT_EQ(send("PUT", target, patient("Smith")).status, 412);
  EXPECT_EQ(send("PUT", "Patient", patient("Smith")).status, 400);
  expect_sound();
}

TEST_F(ConditionalWriteTest, APatchChangesTheOneThatMeets) {
  std::string target = "Patient?" + std::string(kByNumber);
  EXPECT_EQ(patch(target).status, 404);
  std::string id = create("Patient", patient("Smith"));
  http::Response patched = patch(target);
  EXPECT_EQ(patched.status, 200) << patched.body;
  EXPECT_EQ(id_in(patched), id);
  EXPECT_NE(get("Patient/" + id).body.find("Patched"), std::string::npos);
  create("Patient", patient("Twin"));
  EXPECT_EQ(patch(target).status, 412);
}

TEST_F(ConditionalWriteTest, ADeleteTakesTheOneThatMeets) {
  std::string target = "Patient?" + std::string(kByNumber);
  http::Response none = send("DELETE", target, "");
  EXPECT_EQ(none.status, 204) << none.body;
  EXPECT_EQ(field(none, "ETag"), "(none)");
  std::string id = create("Patient", patient("Smith"));
  create("Patient", patient("Twin"));
  EXPECT_EQ(send("DELETE", target, "").status, 412);
  EXPECT_EQ(send("DELETE", target + "&family=Smith", "").status, 204);
  EXPECT_EQ(get("Patient/" + id).status, 410);
  EXPECT_EQ(send("DELETE", "Patient", "").status, 400);
  expect_sound();
}

TEST_F(ConditionalWriteTest, IfNoneMatchGuardsWhatIsThere) {
  std::string id = create("Patient", patient("Smith"));
  auto put = [&](std::string_view tags) {
    http::Request request = fixture_.request("PUT", "Patient/" + id, kGp);
    request.body = patient("Jones", id);
    request.headers.add("Content-Type", "application/fhir+json");
    request.headers.add("If-None-Match", tags);
    return fixture_.send(request).status;
  };
  EXPECT_EQ(put("*"), 412);
  EXPECT_EQ(put("W/\"1\""), 412);
  EXPECT_EQ(put("1"), 400);
  EXPECT_EQ(put("W/\"2\""), 200);
  EXPECT_EQ(send("DELETE", "Patient/" + id, "").status, 204);
  EXPECT_EQ(put("*"), 201);
}

TEST_F(ConditionalWriteTest, ATransactionRefersToWhatItFound) {
  std::string id = create("Patient", patient("Smith"));
  http::Response response = commit(
      entry("POST", "Patient", patient("Smith"), "urn:uuid:a", std::string(kByNumber)) + "," +
      entry("POST", "Observation", observation("urn:uuid:a", "80 kg")) + "," +
      entry("POST", "Observation", observation("Patient?" + std::string(kByNumber), "81 kg")) +
      "," + entry("POST", "Patient", patient("Smith"), "", std::string(kByNumber)) + "," +
      entry("DELETE", "Observation?identifier=none", ""));
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_NE(response.body.find(R"({"status":"200 OK","location":"Patient/)" + id + "/_history/1"),
            std::string::npos)
      << response.body;
  EXPECT_NE(response.body.find(R"({"response":{"status":"204 No Content"}})"), std::string::npos);
  std::string everything = get("Patient/" + id + "/$everything").body;
  EXPECT_NE(everything.find("80 kg"), std::string::npos);
  EXPECT_NE(everything.find("81 kg"), std::string::npos);
  EXPECT_EQ(everything.find("Patient?"), std::string::npos);
  expect_sound();
}

TEST_F(ConditionalWriteTest, IdentitiesMustNotOverlap) {
  std::string id = create("Patient", patient("Smith"));
  std::string query = "Patient?" + std::string(kByNumber);
  record::T t = fixture_.t();
  const struct {
    std::string entries;
    int status;
    std::string named;
  } rows[] = {
      // Resolved to the same.
      {entry("PUT", query, patient("A")) + "," + entry("PUT", "Patient/" + id, patient("B", id)),
       400, "Bundle.entry[1]"},
      {entry("PUT", query, patient("A")) + "," + entry("PUT", query + "&active:x=1", patient("B")),
       400, "Bundle.entry[1]"},
      {entry("PUT", query, patient("A")) + "," +
           entry("DELETE", "Patient?identifier=9990000018", ""),
       400, "Bundle.entry[1]"},
      {entry("POST", "Patient", patient("A"), "", std::string(kByNumber)) + "," +
           entry("DELETE", "Patient/" + id, ""),
       400, "Bundle.entry[1]"},
      // Neither is there: each would be what the other says is not.
      {entry("POST", "Patient", patient("A", "", "9990000026"), "", "identifier=9990000026") + "," +
           entry("POST", "Patient", patient("B", "", "9990000026"), "", "family=B"),
       400, "Bundle.entry[0]"},
      {entry("PUT", "Patient?identifier=9990000026", patient("A", "", "9990000026")) + "," +
           entry("PUT", "Patient?identifier=9990000026", patient("B", "", "9990000026")),
       400, "Bundle.entry[0]"},
      // References that one alone must meet.
      {entry("POST", "Observation", observation("Patient?identifier=none", "1")), 412,
       "Bundle.entry[0]"},
      {entry("POST", "Observation", observation("Patient?identifer=none", "1")), 400,
       "Bundle.entry[0]"},
      {entry("POST", "Patient", patient("A"), "", "identifer=1"), 400, "Bundle.entry[0]"},
      {entry("POST", "Patient", patient("A"), "", "%zz"), 400, "ifNoneExist"},
      {entry("PUT", "Nothing?identifier=1", patient("A")), 400, "Bundle.entry[0].request.url"},
      {entry("PUT", "Patient/" + id, patient("A", id), "", "identifier=1"), 400, "ifNoneExist"},
  };
  for (const auto& [entries, status, named] : rows) {
    http::Response response = commit(entries);
    EXPECT_EQ(response.status, status) << entries << response.body;
    EXPECT_NE(response.body.find(named), std::string::npos) << entries << response.body;
    EXPECT_EQ(fixture_.t(), t) << entries;
  }
}

TEST_F(ConditionalWriteTest, APatchInATransactionIsABinary) {
  std::string id = create("Patient", patient("Smith"));
  auto binary = [](const std::string& data) {
    return R"({"resourceType":"Binary","contentType":"application/json-patch+json","data":")" +
           data + "\"}";
  };
  // [{"op":"add","path":"/active","value":true}]
  std::string data = "W3sib3AiOiJhZGQiLCJwYXRoIjoiL2FjdGl2ZSIsInZhbHVlIjp0cnVlfV0=";
  http::Response response = commit(entry("PATCH", "Patient/" + id, binary(data)));
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_NE(get("Patient/" + id).body.find("\"active\":true"), std::string::npos);
  EXPECT_EQ(commit(entry("PATCH", "Patient?" + std::string(kByNumber), binary(data))).status, 200);
  EXPECT_EQ(commit(entry("PATCH", "Patient/" + id, binary("*"))).status, 400);
  EXPECT_EQ(commit(entry("PATCH", "Patient/" + id, patient("A"))).status, 400);
}

// SAFETY: whoever comes first makes the person, in whatever words the others ask for the same.
TEST_F(ConditionalWriteTest, ManyWritersInManyWordsMakeOne) {
  constexpr size_t kWriters = 64;
  const std::string_view criteria[] = {kByNumber, "identifier=9990000018", "family=smi",
                                       "birthdate=1980-01-31&name=Smith"};
  std::atomic<size_t> made{0};
  std::atomic<size_t> found{0};
  std::atomic<size_t> asked_again{0};
  {
    std::vector<std::jthread> writers;
    for (size_t i = 0; i < kWriters; ++i) {
      writers.emplace_back([&, i] {
        while (true) {
          int status = create_if_none(criteria[i % 4], patient("Smith")).status;
          if (status != 503) {
            ++(status == 201 ? made : found);
            EXPECT_TRUE(status == 200 || status == 201) << status;
            return;
          }
          ++asked_again;
        }
      });
    }
  }
  EXPECT_EQ(made, 1U);
  EXPECT_EQ(found, kWriters - 1);
  EXPECT_LT(asked_again, kWriters);
  expect_sound();
}

}  // namespace
}  // namespace continuum::api
