// Batches: each entry is answered as if it had come alone.
#include "api/batch.h"

#include "api/write_fixture_test.h"

namespace continuum::api {
namespace {

class BatchTest : public WriteTest {
 protected:
  static std::string entry(const std::string& method, const std::string& url,
                           const std::string& resource = "", const std::string& more = "") {
    return "{" + (resource.empty() ? "" : R"("resource":)" + resource + ",") +
           R"("request":{"method":")" + method + R"(","url":")" + url + "\"" + more + "}}";
  }
  http::Response batch(const std::vector<std::string>& entries, std::string_view caller = kGp) {
    std::string body = R"({"resourceType":"Bundle","type":"batch","entry":[)";
    for (const std::string& one : entries) {
      body += (body.ends_with('[') ? "" : ",") + one;
    }
    return send("POST", "/fhir", body + "]}", caller);
  }
  // Each entry of the answer.
  std::vector<const json::Node*> entries_of(const http::Response& response) {
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_TRUE(document_.parse(response.body)) << response.body;
    EXPECT_EQ(document_.root()->string("type"), "batch-response");
    std::vector<const json::Node*> out;
    const json::Node* entries = document_.root()->find("entry");
    for (const json::Node* at = entries == nullptr ? nullptr : entries->first; at != nullptr;
         at = at->next) {
      out.push_back(at);
    }
    return out;
  }
  std::vector<std::string> statuses(const http::Response& response) {
    std::vector<std::string> out;
    for (const json::Node* one : entries_of(response)) {
      out.emplace_back(one->find("response")->string("status"));
    }
    return out;
  }
  using Statuses = std::vector<std::string>;
  json::Document document_;
};

TEST_F(BatchTest, EachEntryStandsAlone) {
  std::string id = create("Patient", patient("Smith"));
  http::Response response = batch({
      entry("GET", "Patient/" + id),
      entry("POST", "Patient", patient("Jones", "", "9990000026")),
      entry("POST", "Patient", "[]"),
      entry("GET", "Patient/nobody"),
      entry("PUT", "Patient/" + id, patient("Smythe", id), R"(,"ifMatch":"W/\"7\"")"),
      entry("PUT", "Patient/" + id, patient("Smythe", id), R"(,"ifMatch":"W/\"1\"")"),
      entry("GET", "Patient/" + id, "", R"(,"ifNoneMatch":"W/\"2\"")"),
      entry("POST", "Patient", patient("Smith"), R"(,"ifNoneExist":"identifier=9990000018")"),
      entry("DELETE", "Patient/" + id),
      entry("GET", "Patient/" + id + "/_history/1"),
      entry("GET", "metadata"),
      entry("GET", "Patient?identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000026"),
  });
  EXPECT_EQ(statuses(response),
            (Statuses{"200 OK", "201 Created", "400 Bad Request", "404 Not Found",
                      "412 Precondition Failed", "200 OK", "304 Not Modified", "200 OK",
                      "204 No Content", "200 OK", "200 OK", "200 OK"}))
      << response.body;
  auto entries = entries_of(response);
  EXPECT_EQ(entries[0]->find("resource")->string("id"), id);
  EXPECT_EQ(entries[0]->find("response")->string("etag"), "W/\"1\"");
  EXPECT_NE(entries[0]->find("response")->string("lastModified"), "");
  EXPECT_NE(entries[1]->find("response")->string("location"), "");
  EXPECT_EQ(entries[1]->find("resource"), nullptr);  // minimal, unless it is preferred otherwise
  EXPECT_EQ(entries[2]->find("response")->find("outcome")->string("resourceType"),
            "OperationOutcome");
  EXPECT_EQ(entries[5]->find("response")->string("etag"), "W/\"2\"");
  EXPECT_EQ(entries[11]->find("resource")->string("resourceType"), "Bundle");
  expect_sound();
}

// SAFETY: no entry is read without a receipt of its own.
TEST_F(BatchTest, EachEntryIsInTheLedger) {
  std::string id = create("Patient", patient("Smith"));
  size_t before = fixture_.entries().size();
  http::Response response = batch({entry("GET", "Patient/" + id), entry("GET", "Patient/nobody")});
  std::vector<std::string> asked;
  for (const auto& one : fixture_.entries()) {
    if (const auto* request = std::get_if<ledger::RequestEntry>(&one)) {
      asked.push_back(request->interaction + " " + std::to_string(request->shown));
    }
  }
  ASSERT_GT(fixture_.entries().size(), before);
  EXPECT_EQ(std::vector<std::string>(asked.end() - 3, asked.end()),
            (std::vector<std::string>{"read 1", "read 0", "batch 0"}));
  EXPECT_NE(field(response, kReceiptField), "(none)");
  for (const json::Node* one : entries_of(response)) {
    EXPECT_TRUE(access::Receipt::parse(
        one->find("response")->find("extension")->first->string("valueString")));
  }
}

// SAFETY: a batch lets nobody do what they may not do alone.
TEST_F(BatchTest, EachEntryIsDecidedAlone) {
  std::string id = create("Patient", patient("Smith"));
  http::Response response =
      batch({entry("GET", "Patient/" + id), entry("GET", "Patient/nobody"),
             entry("DELETE", "Patient/" + id), entry("GET", "Patient/" + id + "/$everything")},
            kGp2);
  EXPECT_EQ(statuses(response),
            (Statuses{"404 Not Found", "404 Not Found", "404 Not Found", "404 Not Found"}));
  auto entries = entries_of(response);
  EXPECT_EQ(entries[0]->find("response")->find("outcome")->find("issue")->first->string("code"),
            entries[1]->find("response")->find("outcome")->find("issue")->first->string("code"));
  EXPECT_EQ(statuses(batch({entry("POST", "Patient", patient("A"))}, "other-gp")),
            (Statuses{"403 Forbidden"}));
  EXPECT_EQ(get("Patient/" + id).status, 200);
}

TEST_F(BatchTest, EntriesAskOnlyBelowTheBase) {
  const std::string urls[] = {
      "", "/", "?x=1", "Patient/a b", "Patient\\n/1", "Patient#a", "a\\u0000", "Pati\\u00e9nt"};
  for (const std::string& url : urls) {
    EXPECT_EQ(statuses(batch({entry("GET", url)})), Statuses{"400 Bad Request"}) << url;
    EXPECT_EQ(statuses(batch({entry("POST", url, patient("A"))})), Statuses{"400 Bad Request"});
  }
  for (const char* url : {"../metrics", "../ledger/checkpoint", "%2e%2e/metrics", "Nothing/1",
                          "http://elsewhere.example/fhir/Patient/1", "_history/../../metrics"}) {
    EXPECT_EQ(statuses(batch({entry("GET", url)}, "operator")), Statuses{"404 Not Found"}) << url;
  }
  EXPECT_EQ(statuses(batch({entry("GET", "http://127.0.0.1:8080/fhir/metadata")})),
            Statuses{"200 OK"});
  EXPECT_EQ(statuses(batch({entry("FETCH", "Patient/1"), "{}", "[]", "1",
                            entry("PUT", "Patient/1", patient("A"), R"(,"ifMatch":"\r\nX: y")"),
                            entry("PATCH", "Patient/1", patient("A"))})),
            Statuses(6, "400 Bad Request"));
  EXPECT_EQ(statuses(batch({})), Statuses{});
  EXPECT_EQ(batch(std::vector<std::string>(1'001, entry("GET", "metadata"))).status, 413);
}

TEST_F(BatchTest, EachEntryCountsTowardsItsCallersRequests) {
  std::string id = create("Patient", patient("Smith"));
  fixture_.limit_requests(5);
  std::vector<std::string> entries(20, entry("GET", "Patient/" + id));
  http::Response response = batch(entries);
  ASSERT_EQ(response.status, 200) << response.body;
  size_t refused = 0;
  for (size_t at = 0; (at = response.body.find("429 ", at)) != std::string::npos; ++at) {
    ++refused;
  }
  // A second may end meanwhile.
  EXPECT_GE(refused, 10U) << response.body;
  EXPECT_LE(refused, 16U);
}

}  // namespace
}  // namespace continuum::api
