#include "api/api.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "api/api_fixture.h"
#include "api/content_type.h"
#include "api/preconditions.h"
#include "base/bytes.h"
#include "http/client.h"
#include "http/compress.h"

namespace continuum::api {
namespace {

using fhir::kPatientType;

constexpr std::string_view kAnn = "9990000018|1980-01-31";
constexpr std::string_view kAnnOtherBirth = "9990000018|1981-01-31";
const Home kAnnGp{"gp", "ann"};
const Home kAnnTrust{"trust", "a1"};

std::string patient_json(std::string_view family, std::string_view nhs_number = "9990000018") {
  return R"({"resourceType":"Patient","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":")" +
         std::string(nhs_number) + R"("}],"name":[{"family":")" + std::string(family) + R"("}]})";
}

std::string condition_json(std::string_view code, std::string_view onset = {}) {
  std::string date = onset.empty() ? "" : R"(,"onsetDateTime":")" + std::string(onset) + '"';
  return R"({"resourceType":"Condition","code":{"text":")" + std::string(code) + "\"}" + date + '}';
}

std::string value_of(const http::Response& response, std::string_view header) {
  return std::string(response.headers.find(header).value_or("(none)"));
}

fhir::TypeNumber condition() {
  return *fhir::type_number("Condition");
}

void advance(ApiFixture& fixture, int64_t seconds) {
  fixture.clock().set({fixture.clock().now().micros + seconds * 1'000'000});
}

// --- who is answered --------------------------------------------------------------------------

TEST(Access, WithoutTheTokenEveryPathAnswersAlike) {
  ApiFixture fixture;
  std::string id = fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  const std::string paths[] = {"Patient/" + id,
                               "Patient/nobody",
                               "/metrics",
                               "/nothing",
                               "Patient/" + id + "/$everything",
                               "Patient?identifier=a|b"};
  const std::string credentials[] = {"",
                                     "Bearer",
                                     "Bearer ",
                                     "Bearer wrong",
                                     "Basic dGVzdA==",
                                     "Bearer " + std::string(kReader) + "x",
                                     "Bearer  " + std::string(kReader)};
  std::set<std::string> bodies;
  for (const std::string& path : paths) {
    for (const std::string& credential : credentials) {
      http::Request request = fixture.request("GET", path);
      request.headers.remove("Authorization");
      if (!credential.empty()) {
        request.headers.add("Authorization", credential);
      }
      http::Response response = fixture.send(request);
      EXPECT_EQ(response.status, 401) << path;
      EXPECT_EQ(value_of(response, "WWW-Authenticate"), "Bearer");
      bodies.insert(response.body);
    }
  }
  ASSERT_EQ(bodies.size(), 1U);
  EXPECT_EQ(Body(*bodies.begin()).issue_code(), "login");
}

TEST(Access, HealthAndReadyAreOpen) {
  ApiFixture fixture;
  for (const char* path : {"/health", "/ready"}) {
    http::Request request = fixture.request("GET", path);
    request.headers.clear();
    EXPECT_EQ(fixture.send(request).status, 200);
  }
}

// --- paths, methods, forms --------------------------------------------------------------------

TEST(Routes, AnswerByPathAndMethod) {
  ApiFixture fixture;
  std::string id = fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  struct Row {
    const char* method;
    std::string target;
    int status;
    const char* allow = "(none)";
  };
  const Row rows[] = {
      {"GET", "/", 404},
      {"GET", "/fhirx", 404},
      {"GET", "metadata", 200},
      {"POST", "metadata", 405, "GET, HEAD"},
      {"GET", "/fhir", 400},
      {"POST", "/fhir", 415},
      {"PUT", "/fhir", 405, "GET, HEAD, POST"},
      {"GET", "Nonsense/1", 404},
      {"GET", "Patient", 400},
      {"GET", "Observation?code=1", 400},
      {"POST", "Patient", 415},
      {"PUT", "Patient", 415},
      {"PUT", "Patient/_search", 405, "POST"},
      {"GET", "Patient/_search", 405, "POST"},
      {"GET", "Patient/_history", 403},
      {"GET", "_history", 403},
      {"POST", "_history", 405, "GET, HEAD"},
      {"GET", "_history/1", 404},
      {"GET", "Patient/" + id, 200},
      {"HEAD", "Patient/" + id, 200},
      {"PUT", "Patient/" + id, 415},
      {"DELETE", "Patient/" + id, 403},
      {"PATCH", "Patient/" + id, 415},
      {"G", "Patient/" + id, 405, "GET, HEAD, PUT, PATCH, DELETE"},
      {"GET", "Patient/" + id + "/", 200},
      {"GET", "Patient//" + id, 404},
      {"GET", "Patient/" + id + "/_history", 200},
      {"GET", "Patient/" + id + "/_history/1", 200},
      {"GET", "Patient/" + id + "/_history/2", 404},
      {"GET", "Patient/" + id + "/_history/x", 404},
      {"GET", "Patient/" + id + "/_history/1/2", 404},
      {"GET", "Patient/" + id + "/$everything", 200},
      {"GET", "Patient/" + id + "/%24everything", 200},
      {"POST", "Patient/" + id + "/$everything", 405, "GET, HEAD"},
      {"GET", "Patient/" + id + "/$match", 404},
      {"GET", "Condition/" + id + "/$everything", 404},
      {"GET", "Patient/" + id + "?_elements=id", 400},
      {"GET", "Patient/" + id + "?_format=json", 200},
      {"GET", "Patient/" + id + "?_format=application/fhir+json", 200},
      {"GET", "Patient/" + id + "?_format=application/fhir%2Bjson", 200},
      {"GET", "Patient/" + id + "?_format=xml", 406},
      {"GET", "Patient/" + id + "?_format=%zz", 400},
      {"GET", "/metrics", 404},
      {"POST", "/health", 405, "GET, HEAD"},
  };
  for (const Row& row : rows) {
    http::Response response = fixture.send(fixture.request(row.method, row.target));
    EXPECT_EQ(response.status, row.status) << row.method << ' ' << row.target << response.body;
    EXPECT_EQ(value_of(response, "Allow"), row.allow) << row.method << ' ' << row.target;
    if (response.status >= 400) {
      EXPECT_EQ(Body(response.body).string("resourceType"), "OperationOutcome") << row.target;
    }
  }
}

TEST(ContentType, IsNegotiated) {
  struct Row {
    const char* accept;
    const char* answer;
  };
  const Row rows[] = {
      {"", "application/fhir+json; charset=utf-8"},
      {"*/*", "application/fhir+json; charset=utf-8"},
      {"application/*", "application/fhir+json; charset=utf-8"},
      {"application/fhir+json", "application/fhir+json; charset=utf-8"},
      {"Application/FHIR+JSON;q=0.5", "application/fhir+json; charset=utf-8"},
      {"application/json", "application/json; charset=utf-8"},
      {"application/json;q=0.1, */*", "application/fhir+json; charset=utf-8"},
      {"text/html, application/json;q=0.9, */*;q=0.8", "application/json; charset=utf-8"},
      {"application/fhir+json; fhirVersion=4.0", "application/fhir+json; charset=utf-8"},
      {"application/fhir+json; fhirVersion=\"4.0\"", "application/fhir+json; charset=utf-8"},
      {"application/fhir+json; fhirVersion=3.0", nullptr},
      {"application/fhir+xml", nullptr},
      {"text/html", nullptr},
      {"application/json;q=0", nullptr},
      {"application/json;q=x", nullptr},
      {";;,,;", nullptr},
  };
  for (const Row& row : rows) {
    http::Headers headers;
    headers.add("Accept", row.accept);
    auto answer = negotiate(headers, std::nullopt);
    EXPECT_EQ(answer.value_or("none"), row.answer == nullptr ? "none" : row.answer) << row.accept;
  }
  ApiFixture fixture;
  http::Request request = fixture.request("GET", "metadata");
  request.headers.add("Accept", "application/fhir+xml");
  EXPECT_EQ(fixture.send(request).status, 406);
}

TEST(Conditional, ReadsTagsAndDates) {
  EXPECT_TRUE(names_version("W/\"3\"", 3));
  EXPECT_TRUE(names_version("\"3\"", 3));
  EXPECT_TRUE(names_version("W/\"1\", W/\"3\"", 3));
  EXPECT_TRUE(names_version("*", 3));
  EXPECT_FALSE(names_version("W/\"33\"", 3));
  EXPECT_FALSE(names_version("3", 3));
  EXPECT_FALSE(names_version("", 3));
  EXPECT_EQ(parse_http_date("Sun, 22 Nov 2026 07:49:00 GMT"),
            parse_fhir_instant("2026-11-22T07:49:00Z").value());
  for (const char* text : {"", "Mon, 22 Nov 2026 07:49:00 GMT", "Sun, 22 Nov 2026 07:49:00",
                           "Sunday, 22-Nov-26 07:49:00 GMT", "2026-11-22"}) {
    EXPECT_FALSE(parse_http_date(text).has_value()) << text;
  }
}

TEST(Metadata, SaysWhatIsOffered) {
  ApiFixture fixture;
  http::Response response = fixture.get("metadata");
  Body body(response.body);
  EXPECT_EQ(body.string("resourceType"), "CapabilityStatement");
  EXPECT_EQ(body.string("fhirVersion"), "4.0.1");
  EXPECT_EQ(body.root().find("software")->string("version"), "1.2.3");
  EXPECT_EQ(body.root().find("implementation")->string("url"), fixture.region().base_url);
  const json::Node* resources = body.root().find("rest")->first->find("resource");
  EXPECT_EQ(resources->child_count(), fhir::type_count());
  EXPECT_EQ(resources->first->string("type"), "Patient");
  EXPECT_EQ(resources->first->find("operation")->first->string("name"), "everything");
}

TEST(Metrics, CountWithoutPatientData) {
  ApiFixture fixture;
  std::string id = fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  fixture.get("Patient/" + id);
  std::string text = fixture.get("/metrics", "operator").body;
  EXPECT_NE(text.find(R"(continuum_requests_total{path="/fhir/[type]/[id]",status="2xx"} 1)"),
            std::string::npos);
  EXPECT_EQ(text.find(id), std::string::npos);
  EXPECT_NE(text.find("continuum_store_t 1"), std::string::npos);
  EXPECT_EQ(fixture.get("/metrics", "operator").status, 200);
}

// --- read, vread, history ---------------------------------------------------------------------

TEST(Read, GivesTheResourceWithItsValidators) {
  ApiFixture fixture;
  std::string id = fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  advance(fixture, 10);
  fixture.put(kAnnGp, "ann", patient_json("Jones"), kAnn);
  http::Response response = fixture.get("Patient/" + id);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(value_of(response, "ETag"), "W/\"2\"");
  EXPECT_EQ(value_of(response, "Last-Modified"), to_http_date(fixture.clock().now()));
  EXPECT_EQ(value_of(response, "Content-Type"), "application/fhir+json; charset=utf-8");
  EXPECT_NE(response.body.find(R"("versionId":"2")"), std::string::npos);
  EXPECT_NE(response.body.find("Jones"), std::string::npos);

  http::Response first = fixture.get("Patient/" + id + "/_history/1");
  EXPECT_EQ(value_of(first, "ETag"), "W/\"1\"");
  EXPECT_NE(first.body.find("Smith"), std::string::npos);
}

TEST(Read, IsNotRepeatedToWhoHasIt) {
  ApiFixture fixture;
  std::string id = fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  auto status_with = [&](std::string_view header, std::string_view value) {
    http::Request request = fixture.request("GET", "Patient/" + id);
    request.headers.add(header, value);
    http::Response response = fixture.send(request);
    EXPECT_TRUE(response.status == 200 || response.body.empty());
    return response.status;
  };
  std::string first = to_http_date(fixture.clock().now());
  EXPECT_EQ(status_with("If-None-Match", "W/\"1\""), 304);
  EXPECT_EQ(status_with("If-None-Match", "W/\"0\", W/\"2\""), 200);
  EXPECT_EQ(status_with("If-Modified-Since", first), 304);
  EXPECT_EQ(status_with("If-Modified-Since", "yesterday"), 200);
  // A second version within the same second looks as old as the first: it is sent all the same.
  fixture.put(kAnnGp, "ann", patient_json("Jones"), kAnn);
  EXPECT_EQ(status_with("If-Modified-Since", first), 200);
  EXPECT_EQ(status_with("If-None-Match", "W/\"1\""), 200);
  advance(fixture, 10);
  fixture.put(kAnnGp, "ann", patient_json("Brown"), kAnn);
  EXPECT_EQ(status_with("If-Modified-Since", first), 200);
  EXPECT_EQ(status_with("If-Modified-Since", to_http_date(fixture.clock().now())), 304);
}

TEST(Read, AbsentAndQuarantinedLookTheSame) {
  ApiFixture fixture;
  fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  std::string hidden = fixture.put({"gp", "", true}, "c9", condition_json("secret"));
  std::string absent = hidden;
  absent.back() = absent.back() == '0' ? '1' : '0';
  for (const char* rest : {"", "/_history", "/_history/1"}) {
    http::Response first = fixture.get("Condition/" + hidden + rest);
    EXPECT_EQ(first.status, 404);
    for (const std::string& id : {absent, std::string("12345"), std::string("x")}) {
      http::Response other = fixture.get("Condition/" + id + rest);
      EXPECT_EQ(other.status, 404);
      EXPECT_EQ(other.body, first.body);
      ASSERT_EQ(other.headers.size(), first.headers.size());
      for (size_t i = 0; i < first.headers.size(); ++i) {
        EXPECT_EQ(other.headers.at(i).name, first.headers.at(i).name);
        if (other.headers.at(i).name != kReceiptField) {
          EXPECT_EQ(other.headers.at(i).value, first.headers.at(i).value);
        }
      }
    }
  }
}

TEST(Read, DeletedIsGoneAndKeepsItsVersions) {
  ApiFixture fixture;
  fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  std::string id = fixture.put(kAnnGp, "c1", condition_json("asthma"));
  fixture.remove(kAnnGp, condition(), "c1");
  http::Response gone = fixture.get("Condition/" + id);
  EXPECT_EQ(gone.status, 410);
  EXPECT_EQ(Body(gone.body).issue_code(), "deleted");
  EXPECT_EQ(fixture.get("Condition/" + id + "/_history/1").status, 200);
  EXPECT_EQ(fixture.get("Condition/" + id + "/_history/2").status, 410);
  // What comes back goes on counting.
  fixture.put(kAnnGp, "c1", condition_json("asthma again"));
  EXPECT_EQ(value_of(fixture.get("Condition/" + id), "ETag"), "W/\"3\"");
}

TEST(History, IsNewestFirstAndPaged) {
  ApiFixture fixture;
  fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  std::string id = fixture.put(kAnnGp, "c1", condition_json("one"));
  fixture.put(kAnnGp, "c1", condition_json("two"));
  fixture.remove(kAnnGp, condition(), "c1");
  Body body(fixture.get("Condition/" + id + "/_history").body);
  EXPECT_EQ(body.string("type"), "history");
  EXPECT_EQ(body.total(), 3U);
  std::string told;
  for (const json::Node& entry : json::children(*body.root().find("entry"))) {
    told += std::string(entry.find("request")->string("method")) + ' ' +
            std::string(entry.find("response")->string("status")) + ' ' +
            std::string(entry.find("response")->string("etag")) +
            (entry.find("resource") != nullptr ? " resource; " : "; ");
  }
  EXPECT_EQ(told, "DELETE 204 W/\"3\"; PUT 200 W/\"2\" resource; POST 201 W/\"1\" resource; ");

  Body page(fixture.get("Condition/" + id + "/_history?_count=2").body);
  EXPECT_EQ(page.root().find("entry")->child_count(), 2U);
  fixture.put(kAnnGp, "c1", condition_json("later"));
  Body last(fixture.get(page.link("next")).body);
  EXPECT_EQ(last.total(), 3U);
  EXPECT_EQ(last.root().find("entry")->child_count(), 1U);
  EXPECT_EQ(last.link("next"), "");
}

// --- search -----------------------------------------------------------------------------------

TEST(FindPatient, ByIdentifierAcrossSources) {
  ApiFixture fixture;
  std::string gp = fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  std::string trust = fixture.put(kAnnTrust, "a1", patient_json("Smith"), kAnn);
  fixture.put({"gp", "bob"}, "bob", patient_json("Bob", "9990000026"), "9990000026|1990-01-01");
  fixture.put({"gp", "", true}, "q", patient_json("Hidden"));
  const std::string query = "identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000018";
  Body body(fixture.get("Patient?" + query).body);
  auto found = body.entries();
  std::set<std::string> set(found.begin(), found.end());
  EXPECT_EQ(set, (std::set<std::string>{"Patient/" + gp, "Patient/" + trust}));
  EXPECT_EQ(body.total(), 2U);
  EXPECT_EQ(fixture.get(body.link("self")).body, fixture.get("Patient?" + query).body);

  http::Request form = fixture.request("POST", "Patient/_search");
  form.body = query;
  EXPECT_EQ(fixture.send(form).status, 415);
  form.headers.add("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  http::Response response = fixture.send(form);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Body(response.body).entries(), found);
  form.set_target("/fhir/Patient/_search?name=x");
  EXPECT_EQ(fixture.send(form).status, 400);

  EXPECT_EQ(Body(fixture.get("Patient?identifier=other|9990000018").body).total(), 0U);
}

TEST(FindPatient, RefusesWhatItDoesNotDo) {
  ApiFixture fixture;
  for (const char* query :
       {"", "identifier=1", "identifier=|1", "identifier=a|", "identifier=a|1,a|2",
        "identifier=", "identifier=a|1&identifier=a|2", "identifier=a|1&name=x",
        "identifier:not=a|1", "identifier=a|b|c", "_count=3&identifier=a|1"}) {
    http::Response response = fixture.get("Patient?" + std::string(query));
    EXPECT_EQ(response.status, 400) << query;
  }
  std::string said =
      Body(fixture.get("Patient?birthdate=1980&identifier=a|1").body).diagnostics()[0];
  EXPECT_NE(said.find("birthdate"), std::string::npos);
  EXPECT_NE(said.find("supported: identifier"), std::string::npos);
}

// --- the whole record -------------------------------------------------------------------------

std::vector<std::string> all_of(ApiFixture& fixture, const std::string& target) {
  http::Response response = fixture.get(target);
  EXPECT_EQ(response.status, 200) << response.body;
  Body body(response.body);
  auto entries = body.entries();
  EXPECT_EQ(body.total(), entries.size());
  EXPECT_EQ(body.link("next"), "");
  return entries;
}

TEST(Everything, IsOfAllSourcesOfThePersonAndNobodyElse) {
  ApiFixture fixture;
  std::string gp = fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  std::string trust = fixture.put(kAnnTrust, "a1", patient_json("Smith"), kAnn);
  std::string gp_condition = fixture.put(kAnnGp, "c1", condition_json("asthma"));
  std::string trust_condition = fixture.put(kAnnTrust, "c1", condition_json("fracture"));
  std::string gone = fixture.put(kAnnGp, "c2", condition_json("mistake"));
  fixture.remove(kAnnGp, condition(), "c2");
  Home twin{"gp", "twin"};
  std::string apart = fixture.put(twin, "twin", patient_json("Smith"), kAnnOtherBirth);
  fixture.put(twin, "c3", condition_json("of somebody else"));

  std::set<std::string> expected{"Patient/" + gp, "Patient/" + trust, "Condition/" + gp_condition,
                                 "Condition/" + trust_condition};
  for (const std::string& id : {gp, trust}) {
    auto entries = all_of(fixture, "Patient/" + id + "/$everything");
    EXPECT_EQ(std::set<std::string>(entries.begin(), entries.end()), expected);
    EXPECT_EQ(entries.size(), expected.size());
  }
  EXPECT_EQ(all_of(fixture, "Patient/" + apart + "/$everything").size(), 2U);

  http::Response response = fixture.get("Patient/" + gp + "/$everything");
  Body body(response.body);
  EXPECT_EQ(body.entries("outcome").size(), 1U);
  EXPECT_EQ(body.root().find("entry")->first->find("search")->string("mode"), "outcome");
  auto told = body.diagnostics();
  auto tells = [&told](const std::string& text) {
    return std::any_of(told.begin(), told.end(), [&text](const std::string& line) {
      return line.find(text) != std::string::npos;
    });
  };
  EXPECT_TRUE(tells("Patient/" + gp +
                    " of source gp (Exemplar Surgery): joined by NHS number and birth date"));
  EXPECT_TRUE(tells("Patient/" + trust + " of source trust (Exemplar Trust): joined"));
  EXPECT_TRUE(tells("not joined: Patient/" + apart));
  EXPECT_TRUE(tells("source silent (Exemplar Trust): never received"));
  for (const std::string& line : told) {
    EXPECT_EQ(line.find("999000"), std::string::npos) << line;
  }
  EXPECT_NE(response.body.find(R"({"url":"t","valueString":"t:8"})"), std::string::npos);
}

auto count_of(const std::string& name, const std::vector<std::string>& entries) {
  return std::count(entries.begin(), entries.end(), name);
}

TEST(Everything, WhatIsAboutSeveralIsInEachRecordOnce) {
  ApiFixture fixture;
  Home again{"gp", "ann-again"};  // the same person, twice in one source
  Home bob{"gp", "bob"};
  std::string ann_id = fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  std::string again_id = fixture.put(again, "ann-again", patient_json("Smith"), kAnn);
  std::string bob_id = fixture.put(bob, "bob", patient_json("Smith"), kAnnOtherBirth);
  // At home with Bob, and with Ann twice.
  std::string group =
      fixture.put(bob, "g1", R"({"resourceType":"Group","type":"person"})", {}, {kAnnGp, again});
  record::T t = fixture.t();
  for (const std::string& query : {std::string("?"), "?_asOf=t:" + std::to_string(t)}) {
    for (const std::string& id : {bob_id, ann_id, again_id}) {
      auto entries = all_of(fixture, "Patient/" + id + "/$everything" + query);
      EXPECT_EQ(count_of("Group/" + group, entries), 1) << query;
    }
  }
  std::vector<std::string> paged;
  for (std::string next = "Patient/" + ann_id + "/$everything?_count=1"; !next.empty();) {
    Body page(fixture.get(next).body);
    EXPECT_EQ(page.total(), 3U);
    auto entries = page.entries();
    paged.insert(paged.end(), entries.begin(), entries.end());
    next = page.link("next");
  }
  EXPECT_EQ(paged.size(), 3U);
  EXPECT_EQ(count_of("Group/" + group, paged), 1);
  // It is read as one resource, wherever it is found.
  EXPECT_EQ(fixture.get("Group/" + group).status, 200);
}

TEST(Everything, TellsArrivalsAndWhatFailed) {
  ApiFixture fixture;
  std::string id = fixture.put(kAnnGp, "ann", patient_json("Smith"));
  std::vector<record::Refusal> refusals;
  for (uint32_t entry = 1; entry <= 7; ++entry) {
    refusals.push_back({fixture.source("gp"),
                        {},
                        0,
                        entry,
                        fixture.clock().now(),
                        "invalid",
                        "reason " + std::to_string(entry),
                        "Observation"});
  }
  record::Arrival arrival{fixture.clock().now(), 12, 7};
  record::FileDigest file{};
  ASSERT_TRUE(fixture.store()
                  .record_arrival(fixture.source("gp"), arrival, std::span(&file, 1), refusals)
                  .has_value());
  fixture.source("import");  // known to the store alone
  http::Response response = fixture.get("Patient/" + id + "/$everything");
  auto told = Body(response.body).diagnostics();
  ASSERT_EQ(told.size(), 7U);
  EXPECT_NE(told[0].find("alone: not joined"), std::string::npos);
  EXPECT_NE(told[1].find("7 failed to load (Observation: reason 1; "), std::string::npos);
  EXPECT_NE(told[1].find("reason 5; and others)"), std::string::npos);
  EXPECT_EQ(told[6], "source import (not in region.toml): never received");
  EXPECT_NE(response.body.find(R"({"url":"failed","valueInteger":7})"), std::string::npos);
  EXPECT_NE(response.body.find(R"({"url":"lastReceived","valueInstant":")" +
                               to_fhir_instant(arrival.instant)),
            std::string::npos);
}

// Silent failure: what waits in quarantine, and a load that did not end, are told with every
// record.
TEST(Everything, TellsWhatIsIncomplete) {
  ApiFixture fixture;
  std::string id = fixture.put(kAnnGp, "ann", patient_json("Smith"));
  record::Arrival arrival{fixture.clock().now(), 12, 0, 3, false};
  ASSERT_TRUE(fixture.store().record_arrival(fixture.source("gp"), arrival, {}, {}).has_value());
  auto told = Body(fixture.get("Patient/" + id + "/$everything").body).diagnostics();
  ASSERT_GT(told.size(), 1U);
  EXPECT_NE(told[1].find("3 more wait in quarantine"), std::string::npos);
  EXPECT_NE(told[1].find("cut short"), std::string::npos);
  auto dated = Body(fixture.get("Patient/" + id + "/$everything?start=2020").body).diagnostics();
  EXPECT_EQ(dated.size(), told.size() + 1);
}

TEST(Everything, PagesHoldEachItemOnceWhileOthersWrite) {
  ApiFixture fixture;
  std::string id = fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  fixture.put(kAnnTrust, "a1", patient_json("Smith"), kAnn);
  for (int i = 0; i < 10; ++i) {
    fixture.put(kAnnGp, "g" + std::to_string(i), condition_json("one"));
    fixture.put(kAnnTrust, "t" + std::to_string(i), condition_json("one"));
  }
  const std::string target = "Patient/" + id + "/$everything";
  auto whole = all_of(fixture, target);
  ASSERT_EQ(whole.size(), 22U);
  std::vector<std::string> paged;
  std::string next = target + "?_count=5";
  for (int page = 0; !next.empty(); ++page) {
    http::Response response = fixture.get(next);
    ASSERT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.body.find("\"two\""), std::string::npos) << "a later version";
    Body body(response.body);
    EXPECT_EQ(body.total(), 22U);
    EXPECT_EQ(body.entries("outcome").size(), 1U);
    auto entries = body.entries();
    EXPECT_LE(entries.size(), 5U);
    paged.insert(paged.end(), entries.begin(), entries.end());
    next = body.link("next");
    // Changed, deleted and new between pages.
    std::string number = std::to_string(page);
    fixture.put(kAnnGp, "g" + number, condition_json("two"));
    fixture.put(kAnnTrust, "t" + number, condition_json("two"));
    fixture.remove(kAnnTrust, condition(), "t" + std::to_string(9 - page));
    fixture.put(kAnnGp, "new" + number, condition_json("two"));
  }
  EXPECT_EQ(paged, whole);
  Body none(fixture.get(target + "?_count=0").body);
  EXPECT_EQ(none.entries().size(), 0U);
  EXPECT_EQ(none.link("next"), "");
  EXPECT_EQ(Body(fixture.get(target + "?_count=1000").body).total(), 22U);
}

TEST(Everything, PagesEndWhenThePersonIsMadeOfOthers) {
  ApiFixture fixture;
  std::string id = fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  fixture.put(kAnnTrust, "a1", patient_json("Smith"), kAnn);
  fixture.put(kAnnGp, "g1", condition_json("one"));
  fixture.put(kAnnTrust, "t1", condition_json("one"));
  std::string next = Body(fixture.get("Patient/" + id + "/$everything?_count=1").body).link("next");
  EXPECT_EQ(fixture.get(next).status, 200);
  fixture.put(kAnnTrust, "a1", patient_json("Smyth"), "9990000018|1999-09-09");
  http::Response response = fixture.get(next);
  EXPECT_EQ(response.status, 409) << response.body;
  EXPECT_EQ(Body(response.body).issue_code(), "conflict");
}

TEST(Everything, PageTokensAreForTheirQuestionOnly) {
  ApiFixture fixture;
  std::string ann = fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  std::string bob = fixture.put({"gp", "bob"}, "bob", patient_json("Bob", "9990000026"), "");
  fixture.put(kAnnGp, "c1", condition_json("asthma"));
  std::string next =
      Body(fixture.get("Patient/" + ann + "/$everything?_count=1").body).link("next");
  std::string token = next.substr(next.find("_page="));
  EXPECT_EQ(fixture.get(next).status, 200);
  // The order of parameters is no other question.
  EXPECT_EQ(fixture.get("Patient/" + ann + "/$everything?" + token + "&_count=1").status, 200);
  EXPECT_EQ(fixture.get("Patient/" + bob + "/$everything?_count=1&" + token).status, 400);
  EXPECT_EQ(fixture.get("Patient/" + ann + "/$everything?_count=2&" + token).status, 400);
  EXPECT_EQ(fixture.get("Patient/" + ann + "/$everything?" + token).status, 400);
  EXPECT_EQ(fixture.get("Patient/" + ann + "/_history?_count=1&" + token).status, 400);
  for (size_t at : {size_t{6}, size_t{30}, token.size() - 1}) {
    std::string bad = token;
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    EXPECT_EQ(fixture.get("Patient/" + ann + "/$everything?_count=1&" + bad).status, 400);
  }
  EXPECT_EQ(fixture.get("Patient/" + ann + "/$everything?_count=1&_page=").status, 400);
  EXPECT_EQ(fixture.get("Patient/" + ann + "/$everything?_count=1&_page=" + std::string(3000, 'A'))
                .status,
            400);
}

TEST(Everything, AsOfTheTimeAVersionSaysFindsThatVersion) {
  ApiFixture fixture;
  std::string id = fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  fixture.clock().advance_micros(1'234'567);
  fixture.put(kAnnGp, "c1", condition_json("one"));
  std::string told = to_fhir_instant(fixture.clock().now());
  fixture.clock().advance_micros(1'000);
  fixture.put(kAnnGp, "c1", condition_json("two"));
  std::string body =
      fixture.get("Patient/" + id + "/$everything?_type=Condition&_asOf=" + told).body;
  EXPECT_NE(body.find("\"one\""), std::string::npos) << body;
  EXPECT_EQ(body.find("\"two\""), std::string::npos) << body;
}

TEST(Everything, AsOfIsTheRecordAsItWas) {
  ApiFixture fixture;
  std::string id = fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  std::string first = fixture.put(kAnnGp, "c1", condition_json("one"));
  record::T before = fixture.t();
  Instant instant_before = fixture.clock().now();
  std::string then = fixture.get("Patient/" + id + "/$everything?_type=Condition").body;
  advance(fixture, 60);
  fixture.put(kAnnGp, "c1", condition_json("two"));
  std::string second = fixture.put(kAnnGp, "c2", condition_json("new"));
  record::T middle = fixture.t();
  advance(fixture, 60);
  fixture.remove(kAnnGp, condition(), "c1");

  const std::string target = "Patient/" + id + "/$everything?_type=Condition&_asOf=";
  auto versions = [&](const std::string& as_of) {
    http::Response response = fixture.get(target + as_of);
    EXPECT_EQ(response.status, 200);
    std::string told;
    for (const auto& entry : Body(response.body).entries()) {
      told += entry == "Condition/" + first ? "c1 " : entry == "Condition/" + second ? "c2 " : "? ";
    }
    for (const char* text : {"one", "two", "new"}) {
      told += response.body.find('"' + std::string(text) + '"') != std::string::npos ? text : "-";
    }
    return told;
  };
  EXPECT_EQ(versions("t:" + std::to_string(before)), "c1 one--");
  EXPECT_EQ(versions(to_fhir_instant(instant_before)), "c1 one--");
  EXPECT_EQ(versions("t:" + std::to_string(middle)), "c1 c2 -twonew");
  EXPECT_EQ(versions("t:" + std::to_string(fixture.t())), "c2 --new");
  EXPECT_EQ(versions("t:1"), "---");
  EXPECT_EQ(versions("2001-01-01T00:00:00Z"), "---");
  EXPECT_EQ(fixture.get(target + "t:99").status, 400);
  EXPECT_EQ(fixture.get(target + "yesterday").status, 400);
  EXPECT_EQ(fixture.get(target + "t:-1").status, 400);
}

TEST(Everything, IsGoneWithItsPatientButNotItsPast) {
  ApiFixture fixture;
  std::string id = fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  record::T before = fixture.t();
  fixture.remove(kAnnGp, kPatientType, "ann");
  EXPECT_EQ(fixture.get("Patient/" + id + "/$everything").status, 410);
  EXPECT_EQ(fixture.get("Patient/" + id + "/$everything?_asOf=t:2").status, 410);
  auto past = all_of(fixture, "Patient/" + id + "/$everything?_asOf=t:" + std::to_string(before));
  EXPECT_EQ(past.size(), 1U);
  EXPECT_EQ(fixture.get("Patient/0000000000000000000000000000/$everything").status, 404);
}

TEST(Everything, ChoosesByTypeTimeAndPeriod) {
  ApiFixture fixture;
  std::string id = fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  std::string old = fixture.put(kAnnGp, "old", condition_json("x", "2010-05-05"));
  advance(fixture, 3600);
  Instant later = fixture.clock().now();
  std::string recent = fixture.put(kAnnGp, "recent", condition_json("x", "2020-06-01"));
  std::string undated = fixture.put(kAnnGp, "undated", condition_json("x"));
  struct Row {
    std::string query;
    std::string expected;
  };
  const Row rows[] = {
      {"_type=Condition", "old recent undated "},
      {"_type=Patient", "patient "},
      {"_type=Condition,Patient", "patient old recent undated "},
      {"_type=Observation", ""},
      {"_since=" + to_fhir_instant(later), "recent undated "},
      {"_since=2099-01-01T00:00:00Z", ""},
      {"start=2020", "patient recent undated "},
      {"end=2010-05-05", "patient old undated "},
      {"end=2010-05-04", "patient undated "},
      {"start=2010-05-05&end=2020-06", "patient old recent undated "},
      {"start=2011&end=2019", "patient undated "},
  };
  auto told = [&](const std::string& query) {
    std::string out;
    for (const std::string& entry : all_of(fixture, "Patient/" + id + "/$everything?" + query)) {
      out += entry == "Condition/" + old       ? "old "
             : entry == "Condition/" + recent  ? "recent "
             : entry == "Condition/" + undated ? "undated "
                                               : "patient ";
    }
    return out;
  };
  for (const Row& row : rows) {
    EXPECT_EQ(told(row.query), row.expected) << row.query;
  }
  // The timeline of then, though the index knows that of now only.
  std::string then = "_asOf=t:" + std::to_string(fixture.t());
  fixture.put(kAnnGp, "old", condition_json("x", "2022-01-01"));
  fixture.remove(kAnnGp, condition(), "recent");
  EXPECT_EQ(told(then + "&start=2010&end=2010"), "patient old undated ");
  EXPECT_EQ(told(then + "&start=2020&end=2020"), "patient recent undated ");
  EXPECT_EQ(told("start=2022&end=2022"), "patient old undated ");
}

TEST(Everything, RefusesWhatItDoesNotUnderstand) {
  ApiFixture fixture;
  std::string id = fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  for (const char* query :
       {"_type=Nonsense", "_type=", "_type=Patient,", "_since=2020", "_since=", "start=x",
        "end=", "start=2021&end=2020", "_count=-1", "_count=x", "_count=", "_asOf=", "_elements=id",
        "_type=Patient&_type=Condition", "_since=2020-01-01T00:00:00+01:00"}) {
    http::Response response = fixture.get("Patient/" + id + "/$everything?" + query);
    EXPECT_EQ(response.status, 400) << query;
  }
}

void expect_no_answer(const http::Response& response) {
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(Body(response.body).issue_code(), "exception");
  EXPECT_EQ(response.body.find("Bundle"), std::string::npos);
}

TEST(Everything, ItemThatDoesNotOpenFailsTheAnswer) {
  ApiFixture fixture;
  std::string id = fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  fixture.put(kAnnGp, "c1", condition_json("asthma"));
  fixture.damage_next([](record::Prepared& prepared) { prepared.sealed.back() ^= 1; });
  std::string broken = fixture.put(kAnnGp, "c2", condition_json("damaged"));
  fixture.put(kAnnGp, "c3", condition_json("fracture"));
  expect_no_answer(fixture.get("Patient/" + id + "/$everything"));
  expect_no_answer(fixture.get("Condition/" + broken));
  expect_no_answer(fixture.get("Condition/" + broken + "/_history"));
  EXPECT_EQ(fixture.get("Patient/" + id + "/$everything?_type=Patient").status, 200);
}

TEST(Everything, RowOfAnotherPatientDoesNotOpen) {
  ApiFixture fixture;
  Home bob{"gp", "bob"};
  std::string id = fixture.put(bob, "bob", patient_json("Bob", "9990000026"));
  fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  record::Ord wrong = fixture.ord_of(bob);
  fixture.damage_next([wrong](record::Prepared& prepared) { prepared.key.ord = wrong; });
  fixture.put(kAnnGp, "c1", condition_json("of Ann"));
  expect_no_answer(fixture.get("Patient/" + id + "/$everything"));
}

TEST(Everything, IsBusyRatherThanOverItsBudget) {
  ApiFixture fixture(80'000);
  std::string id = fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  EXPECT_EQ(fixture.get("Patient/" + id + "/$everything").status, 200);
  fixture.put(kAnnGp, "big", condition_json(std::string(100'000, 'x')));
  http::Response response = fixture.get("Patient/" + id + "/$everything");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(value_of(response, "Retry-After"), "1");
  EXPECT_EQ(Body(response.body).issue_code(), "throttled");
  EXPECT_EQ(fixture.budget().used(), 0U);
}

// --- over a socket ----------------------------------------------------------------------------

TEST(Served, OverASocket) {
  ApiFixture fixture;
  std::string id = fixture.put(kAnnGp, "ann", patient_json("Smith"), kAnn);
  for (int i = 0; i < 100; ++i) {
    fixture.put(kAnnGp, "c" + std::to_string(i), condition_json("asthma"));
  }
  http::Options options;
  options.budget = &fixture.budget();
  options.error_body = Api::server_error;
  auto server =
      http::Server::start(options, [&fixture](const http::Request& request, http::Reply reply) {
        fixture.api().handle(request, std::move(reply));
      });
  ASSERT_TRUE(server.has_value());
  fixture.api().watch([&server] { return (*server)->statistics(); });
  auto client = http::Client::connect("127.0.0.1", (*server)->port());
  ASSERT_TRUE(client.has_value());

  http::Request request = fixture.request("GET", "Patient/" + id + "/$everything");
  auto plain = client->send(request);
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->status, 200);
  EXPECT_EQ(Body(plain->body).total(), 101U);
  EXPECT_FALSE(plain->headers.contains("Content-Encoding"));

  request.headers.add("Accept-Encoding", "gzip");
  auto zipped = client->send(request);
  ASSERT_TRUE(zipped.has_value());
  EXPECT_EQ(value_of(*zipped, "Content-Encoding"), "gzip");
  EXPECT_LT(zipped->body.size() * 4, plain->body.size());
  EXPECT_EQ(http::gunzip(zipped->body, 1 << 24).value(), plain->body);

  http::Request head = fixture.request("HEAD", "Patient/" + id);
  auto headers = client->send(head);
  ASSERT_TRUE(headers.has_value());
  EXPECT_EQ(headers->status, 200);
  EXPECT_EQ(value_of(*headers, "ETag"), "W/\"1\"");
  EXPECT_TRUE(headers->body.empty());

  http::Request modified = fixture.request("GET", "Patient/" + id);
  modified.headers.add("If-None-Match", "W/\"1\"");
  auto unchanged = client->send(modified);
  ASSERT_TRUE(unchanged.has_value());
  EXPECT_EQ(unchanged->status, 304);

  auto long_target = client->send(fixture.request("GET", "/" + std::string(20'000, 'a')));
  ASSERT_TRUE(long_target.has_value());
  EXPECT_EQ(long_target->status, 414);
  EXPECT_EQ(Body(long_target->body).string("resourceType"), "OperationOutcome");
  (*server)->stop(std::chrono::milliseconds(1'000));
  EXPECT_EQ(fixture.budget().used(), 0U);
}

}  // namespace
}  // namespace continuum::api
