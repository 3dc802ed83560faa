// Transactions: all in one step, or nothing.
#include "api/limits.h"
#include "api/write_fixture_test.h"
#include "json/writer.h"

namespace continuum::api {
namespace {

struct Entry {
  std::string full_url;
  std::string method;
  std::string url;
  std::string resource;
  std::string if_match = {};
};

std::string entry_text(const Entry& entry) {
  std::string out = "{";
  if (!entry.full_url.empty()) {
    out += R"("fullUrl":")" + entry.full_url + "\",";
  }
  if (!entry.resource.empty()) {
    out += R"("resource":)" + entry.resource + ",";
  }
  out += R"("request":{"method":")" + entry.method + R"(","url":")" + entry.url + "\"";
  if (!entry.if_match.empty()) {
    out += R"(,"ifMatch":"W/\")" + entry.if_match + R"(\"")";
  }
  return out + "}}";
}

std::string bundle_of(const std::vector<std::string>& entries) {
  std::string out = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
  for (const std::string& entry : entries) {
    out += (out.ends_with('[') ? "" : ",") + entry;
  }
  return out + "]}";
}

std::string bundle_of(const std::vector<Entry>& entries) {
  std::vector<std::string> texts;
  for (const Entry& entry : entries) {
    texts.push_back(entry_text(entry));
  }
  return bundle_of(texts);
}

std::string encounter(std::string_view subject, std::string_view part_of = "") {
  return R"({"resourceType":"Encounter","status":"finished","class":{"code":"AMB"})" +
         (subject.empty() ? "" : R"(,"subject":{"reference":")" + std::string(subject) + "\"}") +
         (part_of.empty() ? "" : R"(,"partOf":{"reference":")" + std::string(part_of) + "\"}") +
         "}";
}

std::string observation_in(std::string_view encounter) {
  return R"({"resourceType":"Observation","status":"final","code":{"text":"weight"},"encounter":{"reference":")" +
         std::string(encounter) + "\"}}";
}

class TransactionTest : public WriteTest {
 protected:
  http::Response commit(const std::vector<Entry>& entries, std::string_view caller = kGp) {
    return send("POST", "/fhir", bundle_of(entries), caller);
  }
  // "201 Patient/<id>/_history/1" of each entry; a deletion has no location.
  static std::vector<std::string> responses(const http::Response& response) {
    json::Document document;
    EXPECT_TRUE(document.parse(response.body)) << response.body;
    std::vector<std::string> out;
    const json::Node* entries = document.root()->find("entry");
    for (const json::Node* at = entries == nullptr ? nullptr : entries->first; at != nullptr;
         at = at->next) {
      const json::Node* told = at->find("response");
      std::string status(told->string("status").substr(0, 3));
      out.push_back(status + " " + std::string(told->string("location")));
    }
    return out;
  }
  static std::string id_of(const std::string& told) {
    size_t start = told.find('/') + 1;
    return told.substr(start, told.find('/', start) - start);
  }
};

TEST_F(TransactionTest, NamesLeadToWhatComesWithThem) {
  record::T before = fixture_.t();
  // In an order in which each names what comes after it.
  http::Response response =
      commit({{"urn:uuid:o1", "POST", "Observation", observation_in("urn:uuid:e1")},
              {"urn:uuid:e1", "POST", "Encounter", encounter("urn:uuid:p1")},
              {"", "POST", "Observation", observation("urn:uuid:p1", "80 kg")},
              {"urn:uuid:p1", "POST", "Patient", patient("Smith")}});
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(fixture_.t(), before + 1);
  auto told = responses(response);
  ASSERT_EQ(told.size(), 4U);
  const std::string types[] = {"201 Observation/", "201 Encounter/", "201 Observation/",
                               "201 Patient/"};
  for (size_t i = 0; i < told.size(); ++i) {
    EXPECT_TRUE(told[i].starts_with(types[i])) << told[i];
    EXPECT_TRUE(told[i].ends_with("/_history/1")) << told[i];
  }
  std::string id = id_of(told[3]);
  EXPECT_NE(get("Observation/" + id_of(told[2])).body.find("Patient/" + id), std::string::npos);
  EXPECT_NE(get("Observation/" + id_of(told[0])).body.find("Encounter/" + id_of(told[1])),
            std::string::npos);
  http::Response record = get("Patient/" + id + "/$everything");
  EXPECT_NE(record.body.find("\"total\":4"), std::string::npos) << record.body;
  EXPECT_EQ(record.body.find("urn:uuid"), std::string::npos);
  expect_sound();
}

TEST_F(TransactionTest, RelativeNamesAreOfTheServerTheyComeFrom) {
  http::Response response =
      commit({{"http://sender.example/Patient/1", "POST", "Patient", patient("Smith")},
              {"http://sender.example/Observation/2", "POST", "Observation",
               observation("Patient/1", "a")},
              {"", "POST", "Observation", observation("http://sender.example/Patient/1", "b")}});
  ASSERT_EQ(response.status, 200) << response.body;
  std::string id = id_of(responses(response)[0]);
  EXPECT_NE(get("Patient/" + id + "/$everything").body.find("\"total\":3"), std::string::npos);
  // Another server's Patient/1 is not the one that comes along.
  EXPECT_EQ(commit({{"http://sender.example/Patient/1", "POST", "Patient", patient("Smith")},
                    {"http://other.example/Observation/2", "POST", "Observation",
                     observation("Patient/1", "a")}})
                .status,
            400);
}

TEST_F(TransactionTest, LinksOfAllKindsAreRewritten) {
  std::string document =
      R"({"resourceType":"DocumentReference","status":"current","subject":{"reference":"urn:uuid:p"},)"
      R"("text":{"status":"generated","div":"<div xmlns='http://www.w3.org/1999/xhtml'>)"
      R"(<a href='urn:uuid:o'>urn:uuid:o</a></div>"},)"
      R"("content":[{"attachment":{"url":"urn:uuid:o","title":"urn:uuid:o"}}]})";
  http::Response response =
      commit({{"urn:uuid:d", "POST", "DocumentReference", document},
              {"urn:uuid:o", "POST", "Observation", observation("urn:uuid:p", "a")},
              {"urn:uuid:p", "POST", "Patient", patient("Smith")}});
  ASSERT_EQ(response.status, 200) << response.body;
  auto told = responses(response);
  std::string stored = get("DocumentReference/" + id_of(told[0])).body;
  std::string link = "Observation/" + id_of(told[1]);
  EXPECT_NE(stored.find("<a href='" + link + "'>urn:uuid:o</a>"), std::string::npos) << stored;
  EXPECT_NE(stored.find(R"("url":")" + link + R"(","title":"urn:uuid:o")"), std::string::npos);
  expect_sound();
}

TEST_F(TransactionTest, AllOrNothing) {
  std::string id = create("Patient", patient("Smith"));
  record::T t = fixture_.t();
  const Entry good{"urn:uuid:p", "POST", "Patient", patient("Jones", "", "9990000026")};
  const struct {
    Entry bad;
    int status;
  } rows[] = {{{"", "POST", "Observation", observation("Patient/unknown", "a")}, 400},
              {{"", "POST", "Observation", R"({"resourceType":"Patient"})"}, 400},
              {{"", "POST", "Nothing", patient("A")}, 400},
              {{"", "PUT", "Patient/" + id, patient("Smith")}, 400},
              {{"", "PUT", "Patient/" + id, patient("S", id), "7"}, 412},
              {{"", "PUT", "Patient/00000000000000000000000000zz", patient("S")}, 404},
              {{"", "DELETE", "Patient/00000000000000000000000000zz", ""}, 404},
              {{"", "DELETE", "Patient?identifer=a|b", ""}, 400},
              {{"", "PUT", "Patient?", patient("S")}, 400},
              {{"", "GET", "Nothing/" + id, ""}, 400},
              {{"", "GET", "Patient/" + id + "/$erase", ""}, 400},
              {{"", "GET", "https://elsewhere.example/fhir/Patient/x", ""}, 400},
              {{"", "GET", "Patient/" + id + "?_format=xml", ""}, 400},
              {{"", "GET", "Patient/" + id + "?_formt=json", ""}, 400},
              {{"", "GET", "Patient?identifer=a%7Cb", ""}, 400},
              {{"", "GET", "Observation?code=x", ""}, 400},
              {{"", "GET", "Patient/" + id + "/$everything?_cout=3", ""}, 400},
              {{"", "GET", "Patient/" + id + "/_history?_since=x", ""}, 400},
              {{"", "PATCH", "Patient/" + id, "[]"}, 400},
              {{"", "FETCH", "Patient/" + id, ""}, 400},
              {{"", "POST", "Patient", "null"}, 400},
              {{"", "POST", "Patient", "[]"}, 400},
              {{"", "POST", "Patient", ""}, 400},
              {{"", "POST", "AuditEvent", R"({"resourceType":"AuditEvent"})"}, 403},
              {{"urn:uuid:p", "POST", "Patient", patient("Twin")}, 400},
              {{"", "POST", "Encounter", encounter("", "")}, 200}};
  for (const auto& [bad, status] : rows) {
    http::Response response = commit({good, bad});
    EXPECT_EQ(response.status, status) << bad.method << " " << bad.url << response.body;
    if (status != 200) {
      EXPECT_NE(response.body.find("Bundle.entry[1]"), std::string::npos) << response.body;
      EXPECT_EQ(fixture_.t(), t) << bad.url;
    }
  }
  EXPECT_EQ(fixture_.t(), t + 1);
  EXPECT_EQ(field(get("Patient/" + id), "ETag"), "W/\"1\"");
}

TEST_F(TransactionTest, OneChangeOfEach) {
  std::string id = create("Patient", patient("Smith"));
  std::string weight = create("Observation", observation("Patient/" + id, "80 kg"));
  for (const auto& twice : {std::vector<Entry>{{"", "PUT", "Patient/" + id, patient("A", id)},
                                               {"", "PUT", "Patient/" + id, patient("B", id)}},
                            std::vector<Entry>{{"", "PUT", "Patient/" + id, patient("A", id)},
                                               {"", "DELETE", "Patient/" + id, ""}}}) {
    EXPECT_EQ(commit(twice).status, 400);
  }
  http::Response response =
      commit({{"", "POST", "Observation", observation("Patient/" + id, "81 kg")},
              {"", "DELETE", "Observation/" + weight, ""},
              {"", "PUT", "Patient/" + id, patient("Jones", id), "1"}});
  ASSERT_EQ(response.status, 200) << response.body;
  auto told = responses(response);
  EXPECT_TRUE(told[0].starts_with("201 Observation/"));
  EXPECT_EQ(told[1], "204 ");
  EXPECT_EQ(told[2], "200 Patient/" + id + "/_history/2");
  EXPECT_EQ(get("Observation/" + weight).status, 410);
  expect_sound();
}

TEST_F(TransactionTest, WhatNamesEachOtherNamesNobody) {
  EXPECT_EQ(commit({{"urn:uuid:a", "POST", "Encounter", encounter("", "urn:uuid:b")},
                    {"urn:uuid:b", "POST", "Encounter", encounter("", "urn:uuid:a")},
                    {"", "POST", "Observation", observation_in("urn:uuid:a")}})
                .status,
            400);
}

std::string appointment(const std::vector<std::string>& actors) {
  std::string out = R"({"resourceType":"Appointment","status":"booked","participant":[)";
  for (const std::string& actor : actors) {
    out += (out.ends_with('[') ? "" : ",") +
           (R"({"status":"accepted","actor":{"reference":")" + actor + "\"}}");
  }
  return out + "]}";
}

// A URN doesn't say what it names: a practitioner, who comes first, is not whom it is about.
TEST_F(TransactionTest, WhatIsForEveryoneIsPassedOver) {
  http::Response response = commit(
      {{"urn:uuid:d", "POST", "Practitioner", R"({"resourceType":"Practitioner"})"},
       {"urn:uuid:a", "POST", "Patient", patient("Smith")},
       {"urn:uuid:b", "POST", "Patient", patient("Jones", "", "9990000026")},
       {"", "POST", "Appointment", appointment({"urn:uuid:d", "urn:uuid:a", "urn:uuid:b"})}});
  ASSERT_EQ(response.status, 200) << response.body;
  auto told = responses(response);
  for (size_t i : {size_t{1}, size_t{2}}) {
    EXPECT_NE(get("Patient/" + id_of(told[i]) + "/$everything").body.find(id_of(told[3])),
              std::string::npos);
  }
  expect_sound();
}

// SAFETY: what is about a Group is not about the first of its members.
TEST_F(TransactionTest, WhatIsAboutAGroupIsNotAboutAMember) {
  const std::string group =
      R"({"resourceType":"Group","type":"person","actual":true,"member":[{"entity":{"reference":"urn:uuid:a"}}]})";
  http::Response response = commit({{"urn:uuid:a", "POST", "Patient", patient("Smith")},
                                    {"urn:uuid:g", "POST", "Group", group},
                                    {"", "POST", "Observation", observation("urn:uuid:g", "a")}});
  EXPECT_EQ(response.status, 400) << response.body;
  EXPECT_NE(response.body.find("Bundle.entry[2]"), std::string::npos) << response.body;
}

// Each of many layers names all of the next: who is meant is found without walking every way.
TEST_F(TransactionTest, ManyNamesInManyLayersAreFoundAtOnce) {
  constexpr int kLayers = 12;
  constexpr int kWide = 20;
  std::vector<Entry> entries{{"urn:uuid:p", "POST", "Patient", patient("Smith")}};
  auto name = [](int layer, int i) {
    return layer == kLayers ? std::string("urn:uuid:p")
                            : "urn:uuid:" + std::to_string(layer) + "-" + std::to_string(i);
  };
  for (int layer = 0; layer < kLayers; ++layer) {
    std::vector<std::string> actors;
    for (int i = 0; i < kWide; ++i) {
      actors.push_back(name(layer + 1, i));
    }
    for (int i = 0; i < kWide; ++i) {
      entries.push_back({name(layer, i), "POST", "Appointment", appointment(actors)});
    }
  }
  EXPECT_EQ(commit(entries).status, 200);
}

TEST_F(TransactionTest, BadBundlesAreRefused) {
  record::T t = fixture_.t();
  for (const char* body :
       {"{", "[]", "null", R"({"resourceType":"Patient"})",
        R"({"resourceType":"Bundle","type":"batch","entry":{}})",
        R"({"resourceType":"Bundle","type":"searchset","entry":[]})",
        R"({"resourceType":"Bundle","type":"transaction","entry":{}})",
        R"({"resourceType":"Bundle","type":"transaction","entry":[null]})",
        R"({"resourceType":"Bundle","type":"transaction","entry":[{}]})",
        R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":null}]})",
        R"({"resourceType":"Bundle","type":"transaction","entry":[[]]})",
        R"({"resourceType":"Bundle","type":"transaction","type":"transaction"})",
        R"({"resourceType":"Bundle","type":"transaction","entry":[],"entry":[]})"}) {
    EXPECT_EQ(send("POST", "/fhir", body).status, 400) << body;
  }
  for (const char* body : {R"({"resourceType":"Bundle","type":"transaction","entry":[]})",
                           R"({"resourceType":"Bundle","type":"transaction"})"}) {
    http::Response empty = send("POST", "/fhir", body);
    EXPECT_EQ(empty.status, 200) << empty.body;
    EXPECT_EQ(empty.body, R"({"resourceType":"Bundle","type":"transaction-response"})");
  }
  EXPECT_EQ(fixture_.t(), t);
}

TEST_F(TransactionTest, EveryPersonWrittenAboutIsInTheLedger) {
  size_t before = fixture_.entries().size();
  ASSERT_EQ(commit({{"urn:uuid:a", "POST", "Patient", patient("Smith")},
                    {"urn:uuid:b", "POST", "Patient", patient("Jones", "", "9990000026")},
                    {"", "POST", "Observation", observation("urn:uuid:a", "80 kg")}})
                .status,
            200);
  auto entries = fixture_.entries();
  ASSERT_EQ(entries.size(), before + 3);
  const auto& request = std::get<ledger::RequestEntry>(entries[before]);
  EXPECT_EQ(request.interaction, "transaction");
  EXPECT_EQ(request.shown, 3U);
  EXPECT_EQ(request.persons, 2U);
}

TEST_F(TransactionTest, ResourcesComeBackWhereTheyAreWanted) {
  http::Request request = fixture_.request("POST", "/fhir", kGp);
  request.headers.add("Content-Type", "application/fhir+json");
  request.headers.add("Prefer", "return=representation");
  request.body = bundle_of(std::vector<Entry>{{"", "POST", "Patient", patient("Smith")}});
  http::Response response = fixture_.send(request);
  std::string id = id_of(responses(response).at(0));
  EXPECT_NE(response.body.find(get("Patient/" + id).body), std::string::npos) << response.body;
}

TEST_F(TransactionTest, ManyEntriesAreOneStep) {
  constexpr size_t kEntries = 3'000;
  std::vector<Entry> entries{{"urn:uuid:p", "POST", "Patient", patient("Smith")}};
  for (size_t i = 1; i < kEntries; ++i) {
    entries.push_back({"", "POST", "Observation", observation("urn:uuid:p", std::to_string(i))});
  }
  record::T before = fixture_.t();
  http::Response response = commit(entries);
  ASSERT_EQ(response.status, 200) << response.body.substr(0, 300);
  EXPECT_EQ(fixture_.t(), before + 1);
  EXPECT_EQ(responses(response).size(), kEntries);
  expect_sound();
}

// Reads come last, whatever their place, and each is decided and written down for itself.
TEST_F(TransactionTest, ReadsSeeWhatItWrote) {
  std::string id = create("Patient", patient("Smith"));
  std::string hidden = create("Patient", patient("Other", "", "9990000034"), kGp2);
  size_t before = fixture_.entries().size();
  http::Response response = commit({{"", "GET", "Patient/" + id, ""},
                                    {"", "PUT", "Patient/" + id, patient("Jones", id)},
                                    {"", "GET", "Patient/" + id + "/_history/1", ""},
                                    {"", "GET", "Patient/" + hidden, ""},
                                    {"", "GET", "Patient/00000000000000000000000000zz", ""},
                                    {"", "GET", "Patient/" + id + "/$everything", ""}});
  ASSERT_EQ(response.status, 200) << response.body;
  Body body(response.body);
  std::vector<std::string> statuses;
  const json::Node* entries = body.root().find("entry");
  for (const json::Node* entry = entries->first; entry != nullptr; entry = entry->next) {
    const json::Node* resource = entry->find("resource");
    statuses.push_back(
        std::string(entry->find("response")->string("status")) +
        (resource == nullptr ? "" : " " + std::string(resource->string("resourceType"))));
  }
  EXPECT_EQ(statuses,
            (std::vector<std::string>{"200 OK Patient", "200 OK", "200 OK Patient", "404 Not Found",
                                      "404 Not Found", "200 OK Bundle"}));
  const json::Node* first = entries->first->find("resource");
  EXPECT_EQ(first->find("name")->first->string("family"), "Jones");
  EXPECT_EQ(first->find("meta")->string("versionId"), "2");
  // What is hidden looks like what is not there.
  auto outcome = [&](size_t index) {
    const json::Node* entry = entries->first;
    for (size_t i = 0; i < index; ++i) {
      entry = entry->next;
    }
    std::string text;
    json::write(*entry->find("response")->find("outcome"), text);
    return text;
  };
  EXPECT_EQ(outcome(3), outcome(4));
  size_t requests = 0;
  auto all = fixture_.entries();
  for (size_t i = before; i < all.size(); ++i) {
    requests += std::holds_alternative<ledger::RequestEntry>(all[i]) ? 1 : 0;
  }
  EXPECT_EQ(requests, 6U);  // itself, and five reads
  size_t receipts = 0;
  for (size_t at = 0;
       (at = response.body.find("StructureDefinition/receipt", at)) != std::string::npos; ++at) {
    ++receipts;
  }
  EXPECT_EQ(receipts, 5U);
}

TEST_F(TransactionTest, ReadsAloneAreATransactionToo) {
  std::string id = create("Patient", patient("Smith"));
  record::T t = fixture_.t();
  http::Response response = commit({{"", "GET", "Patient/" + id, ""}});
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_NE(response.body.find("Smith"), std::string::npos);
  EXPECT_EQ(fixture_.t(), t);
}

TEST_F(TransactionTest, WhatIsRefusedReadsNothing) {
  std::string id = create("Patient", patient("Smith"));
  size_t before = fixture_.entries().size();
  http::Response response = commit(
      {{"", "GET", "Patient/" + id, ""}, {"", "PUT", "Patient/" + id, patient("Smith", "other")}});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body.find("Smith"), std::string::npos);
  EXPECT_EQ(fixture_.entries().size(), before + 1);
}

TEST_F(TransactionTest, ReadsHaveABound) {
  std::string id = create("Patient", patient("Smith"));
  std::vector<Entry> entries(kBatchEntriesMax + 1, Entry{"", "GET", "Patient/" + id, ""});
  entries.push_back({"", "PUT", "Patient/" + id, patient("Jones", id)});
  record::T t = fixture_.t();
  http::Response response = commit(entries);
  EXPECT_EQ(response.status, 413) << response.body;
  EXPECT_NE(response.body.find("1000 reads"), std::string::npos) << response.body;
  EXPECT_EQ(fixture_.t(), t) << "nothing is written";
}

}  // namespace
}  // namespace continuum::api
