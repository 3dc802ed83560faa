// Writes over the API: what is stored, who may, and what is told.
#include <atomic>
#include <thread>

#include "api/write_fixture_test.h"

namespace continuum::api {
namespace {

TEST_F(WriteTest, WhatIsCreatedIsThere) {
  http::Response created = send("POST", "Patient", patient("Smith"));
  ASSERT_EQ(created.status, 201) << created.body;
  std::string id = id_in(created);
  EXPECT_EQ(field(created, "Location"), "http://127.0.0.1:8080/fhir/Patient/" + id + "/_history/1");
  EXPECT_EQ(field(created, "ETag"), "W/\"1\"");
  EXPECT_NE(field(created, "Last-Modified"), "(none)");
  EXPECT_NE(field(created, kReceiptField), "(none)");
  EXPECT_EQ(get("Patient/" + id).body, created.body);
  EXPECT_NE(created.body.find("\"id\":\"" + id + "\""), std::string::npos);
  // Twice is two.
  EXPECT_NE(create("Patient", patient("Smith")), id);
  expect_sound();
}

TEST_F(WriteTest, AWriteIsInTheLedgerWithWhomItIsAbout) {
  size_t before = fixture_.entries().size();
  http::Response created = send("POST", "Patient", patient("Smith"));
  auto entries = fixture_.entries();
  ASSERT_EQ(entries.size(), before + 2);
  const auto& request = std::get<ledger::RequestEntry>(entries[before]);
  EXPECT_EQ(request.interaction, "create");
  EXPECT_EQ(request.status, 201);
  EXPECT_EQ(request.shown, 1U);
  const auto& person = std::get<ledger::PersonEntry>(entries[before + 1]);
  auto view = fixture_.store().view();
  auto located = view->locate({fhir::kPatientType, *record::ResourceId::parse(id_in(created))});
  ASSERT_TRUE(located);
  ledger::PersonPart part = fixture_.open(person, located->key.ord);
  EXPECT_EQ(part.rule, "write-own-source");
  EXPECT_EQ(part.shown, 1U);
}

TEST_F(WriteTest, UpdatesMakeVersionsAndNoOpsNone) {
  std::string id = create("Patient", patient("Smith"));
  fixture_.clock().advance_micros(5'000'000);
  http::Response updated = send("PUT", "Patient/" + id, patient("Jones", id));
  EXPECT_EQ(updated.status, 200) << updated.body;
  EXPECT_EQ(field(updated, "ETag"), "W/\"2\"");
  EXPECT_EQ(get("Patient/" + id).body, updated.body);
  EXPECT_NE(get("Patient/" + id + "/_history/1").body.find("Smith"), std::string::npos);

  record::T t = fixture_.t();
  fixture_.clock().advance_micros(5'000'000);
  http::Response again = send("PUT", "Patient/" + id, patient("Jones", id));
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, updated.body);  // with the instant of then
  EXPECT_EQ(field(again, "ETag"), "W/\"2\"");
  EXPECT_EQ(fixture_.t(), t);
  EXPECT_NE(field(again, kReceiptField), "(none)");
  expect_sound();
}

TEST_F(WriteTest, DeletedIsGoneAndItsVersionsGoOn) {
  std::string id = create("Patient", patient("Smith"));
  std::string weight = create("Observation", observation("Patient/" + id, "80 kg"));
  http::Response deleted = send("DELETE", "Observation/" + weight, "");
  EXPECT_EQ(deleted.status, 204);
  EXPECT_EQ(deleted.body, "");
  EXPECT_EQ(get("Observation/" + weight).status, 410);
  EXPECT_EQ(get("Observation/" + weight + "/_history/2").status, 410);
  EXPECT_EQ(send("DELETE", "Observation/" + weight, "").status, 204);
  EXPECT_EQ(get("Observation/" + weight + "/_history/3").status, 404);
  http::Response back =
      send("PUT", "Observation/" + weight, observation("Patient/" + id, "81 kg", weight));
  EXPECT_EQ(back.status, 201) << back.body;
  EXPECT_EQ(field(back, "ETag"), "W/\"3\"");
  EXPECT_EQ(get("Observation/" + weight).status, 200);
  expect_sound();
}

TEST_F(WriteTest, IfMatchNamesTheVersionToChange) {
  std::string id = create("Patient", patient("Smith"));
  const struct {
    std::string_view if_match;
    int status;
  } rows[] = {{"W/\"2\"", 412}, {"W/\"1\"", 200},        {"W/\"1\"", 412}, {"\"2\"", 200},
              {"\"x\"", 412},   {"W/\"9\", \"3\"", 200}, {"*", 200},       {"5", 400}};
  int change = 0;
  for (const auto& [if_match, status] : rows) {
    http::Response response =
        send("PUT", "Patient/" + id, patient("S" + std::to_string(++change), id), kGp, if_match);
    EXPECT_EQ(response.status, status) << if_match << response.body;
  }
  EXPECT_EQ(send("DELETE", "Patient/" + id, "", kGp, "W/\"1\"").status, 412);
  EXPECT_EQ(get("Patient/" + id).status, 200);
  EXPECT_EQ(send("DELETE", "Patient/" + id, "", kGp, "W/\"5\"").status, 204);
  EXPECT_EQ(send("PUT", "Patient/" + id, patient("Late", id), kGp, "*").status, 412);
}

TEST_F(WriteTest, OnlySystemsWrite) {
  std::string id = create("Patient", patient("Smith"));
  record::T t = fixture_.t();
  for (std::string_view caller :
       {"gp", "clerk", "other-gp", "citizen:9990000018:1980-01-31", "operator"}) {
    for (const std::string& target : {"Patient/" + id, std::string("Patient/nobody")}) {
      EXPECT_EQ(send("PUT", target, patient("Jones", id), caller).status, 403) << caller;
      EXPECT_EQ(send("DELETE", target, "", caller).status, 403) << caller;
    }
    EXPECT_EQ(send("POST", "Patient", patient("Jones"), caller).status, 403) << caller;
  }
  EXPECT_EQ(send("POST", "AuditEvent", R"({"resourceType":"AuditEvent"})").status, 403);
  EXPECT_EQ(fixture_.t(), t);
}

// Another source's resource is not there: same status, same body, nothing stored.
TEST_F(WriteTest, OfAnotherSourceNothingIsThere) {
  std::string id = create("Patient", patient("Smith"));
  std::string nobody = "00000000000000000000000000zz";
  ASSERT_TRUE(record::ResourceId::parse(nobody));
  record::T t = fixture_.t();
  for (std::string_view method : {"PUT", "DELETE"}) {
    auto ask = [&](const std::string& name) {
      return send(method, "Patient/" + name, method == "PUT" ? patient("Jones", name) : "", kGp2);
    };
    http::Response hidden = ask(id);
    http::Response absent = ask(nobody);
    EXPECT_EQ(hidden.status, 404);
    EXPECT_EQ(hidden.status, absent.status);
    EXPECT_EQ(hidden.body, absent.body);
    if (method == "DELETE") {  // a PUT may give an id
      EXPECT_EQ(ask("no-regional-id").body, absent.body);
    }
  }
  EXPECT_EQ(fixture_.t(), t);
  EXPECT_EQ(get("Patient/" + id).status, 200);
}

TEST_F(WriteTest, AResourceGoesToThePatientItNames) {
  fixture_.put({"gp", "ann"}, "ann", patient("Smith"), "9990000018|1980-01-31");
  std::string id = create("Patient", patient("Other", "", "9990000026"));
  std::string trust = create("Patient", patient("Smith"), "system:trust");
  const struct {
    std::string subject;
    std::string kept;  // the reference as it is stored; empty: refused
  } rows[] = {{"Patient/" + id, "Patient/" + id},
              {"http://127.0.0.1:8080/fhir/Patient/" + id, "Patient/" + id},
              {"Patient/ann", "Patient/"},  // the source's own id
              {"Patient/" + trust, ""},
              {"Patient/unknown", ""},
              {"Patient/00000000000000000000000000zz", ""},
              {"http://elsewhere.example/fhir/Patient/" + id, ""}};
  std::string refusal;
  for (const auto& [subject, kept] : rows) {
    http::Response response = send("POST", "Observation", observation(subject, "80 kg"));
    if (kept.empty()) {
      EXPECT_EQ(response.status, 400) << subject;
      // Who is another's looks like who is not there.
      refusal = refusal.empty() ? response.body : refusal;
      EXPECT_EQ(response.body, refusal);
      continue;
    }
    ASSERT_EQ(response.status, 201) << subject << response.body;
    EXPECT_NE(response.body.find("\"reference\":\"" + kept), std::string::npos) << response.body;
    EXPECT_EQ(response.body.find("elsewhere"), std::string::npos);
  }
  http::Response record = get("Patient/" + id + "/$everything");
  EXPECT_NE(record.body.find("\"total\":3"), std::string::npos) << record.body;
  expect_sound();
}

TEST_F(WriteTest, WhatNamesNobodyIsSeenByItsSourceAlone) {
  std::string id = create("Observation", observation("", "80 kg"));
  EXPECT_EQ(get("Observation/" + id).status, 200);
  EXPECT_EQ(get("Observation/" + id, "reader").status, 404);
  EXPECT_EQ(get("Observation/" + id, kGp2).status, 404);
}

TEST_F(WriteTest, AnotherPersonIsNotWrittenOverAPatient) {
  std::string id = create("Patient", patient("Smith"));
  http::Response other =
      send("PUT", "Patient/" + id, patient("Jones", id, "9990000026", "1999-09-09"));
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(other.body.find("Smith"), std::string::npos);
  EXPECT_EQ(other.body.find("1980"), std::string::npos);
  EXPECT_EQ(field(get("Patient/" + id), "ETag"), "W/\"1\"");
  EXPECT_EQ(send("PUT", "Patient/" + id, patient("Jones", id)).status, 200);
  // Nor over what a deleted Patient leaves behind.
  EXPECT_EQ(send("DELETE", "Patient/" + id, "").status, 204);
  EXPECT_EQ(send("PUT", "Patient/" + id, patient("Other", id, "9990000026", "1999-09-09")).status,
            409);
  EXPECT_EQ(send("PUT", "Patient/" + id, patient("Jones", id)).status, 201);
}

TEST_F(WriteTest, BadBodiesAreRefusedWhole) {
  std::string id = create("Patient", patient("Smith"));
  record::T t = fixture_.t();
  const struct {
    std::string method;
    std::string target;
    std::string body;
    int status;
  } rows[] = {{"POST", "Patient", "{", 400},
              {"POST", "Patient", "[]", 400},
              {"POST", "Patient", "null", 400},
              {"POST", "Patient", R"({"resourceType":"Observation"})", 400},
              {"POST", "Patient", R"({"id":"x"})", 400},
              {"POST", "Patient", R"({"resourceType":"Patient","meta":[]})", 400},
              {"POST", "Patient", R"({"resourceType":"Patient","a":1,"a":2})", 400},
              {"PUT", "Patient/" + id, patient("Jones"), 400},
              {"PUT", "Patient/" + id, patient("Jones", "other"), 400},
              {"POST", "Nothing", patient("Jones"), 404},
              {"POST", "Patient?x=y", patient("Jones"), 400},
              {"POST", "Patient/" + id, patient("Jones"), 405},
              {"PATCH", "Patient/" + id, "[]", 415},
              {"PUT", "Patient", patient("Jones", id), 400}};
  for (const auto& [method, target, body, status] : rows) {
    http::Response response = send(method, target, body);
    EXPECT_EQ(response.status, status) << method << " " << target << " " << body << response.body;
    EXPECT_NE(response.body.find("OperationOutcome"), std::string::npos);
  }
  http::Request form = fixture_.request("POST", "Patient", kGp);
  form.body = patient("Jones");
  EXPECT_EQ(fixture_.send(form).status, 415);
  EXPECT_EQ(fixture_.t(), t);
}

TEST_F(WriteTest, WhatIsNotBuiltAsR4SaysIsToldInDetail) {
  http::Response response =
      send("POST", "Patient", "{\"resourceType\":\"Patient\",\n\"gender\":\"Secret\",\n\"nam\":1}");
  EXPECT_EQ(response.status, 400);
  for (const char* part : {"\"code\":\"code-invalid\"", "\"expression\":[\"Patient.gender\"]",
                           "line 2", "line 3", "\"code\":\"structure\""}) {
    EXPECT_NE(response.body.find(part), std::string::npos) << part << response.body;
  }
  EXPECT_EQ(response.body.find("Secret"), std::string::npos);
}

TEST_F(WriteTest, ASourceMayBeMarkedInsteadOfRefused) {
  const std::string body = "{\"resourceType\":\"Patient\",\n\"gender\":\"Secret\"}";
  http::Response stored = send("POST", "Patient", body, "system:old");
  ASSERT_EQ(stored.status, 201) << stored.body;
  EXPECT_NE(stored.body.find("\"code\":\"structure-faults\""), std::string::npos);
  std::string id = id_in(stored);
  http::Request again = fixture_.request("PUT", "Patient/" + id, "system:old");
  again.body = body.substr(0, body.size() - 1) + ",\"id\":\"" + id + "\"}";
  again.headers.add("Content-Type", "application/fhir+json");
  again.headers.add("Prefer", "return=OperationOutcome");
  http::Response told = fixture_.send(again);
  EXPECT_EQ(told.status, 200);
  for (const char* part : {"OperationOutcome", "\"severity\":\"warning\"", "Patient.gender",
                           "line 2", "\"code\":\"code-invalid\""}) {
    EXPECT_NE(told.body.find(part), std::string::npos) << part << told.body;
  }
  EXPECT_EQ(field(told, "ETag"), "W/\"1\"");
  // Mended, it is not marked any more; and no text of it was ever told.
  again.body = patient("Smith", id);
  EXPECT_NE(fixture_.send(again).body.find("nothing to mend"), std::string::npos);
  EXPECT_EQ(get("Patient/" + id, "system:old").body.find("structure-faults"), std::string::npos);
  EXPECT_EQ(told.body.find("Secret"), std::string::npos);
  http::Response transaction =
      send("POST", "/fhir",
           R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" + body +
               R"(,"request":{"method":"POST","url":"Patient"}}]})",
           "system:old");
  EXPECT_EQ(transaction.status, 200);
  EXPECT_NE(transaction.body.find(R"("outcome":{"resourceType":"OperationOutcome")"),
            std::string::npos)
      << transaction.body;
  expect_sound();
}

TEST_F(WriteTest, ABinaryIsItsContent) {
  std::string id = create("Patient", patient("Smith"));
  const std::string content("<p>\0\xff</p>", 9);
  auto ask = [&](std::string_view method, const std::string& target, std::string_view accept,
                 const std::string& body = "", std::string_view caller = kGp) {
    http::Request request = fixture_.request(method, target, caller);
    request.body = body;
    request.headers.set("Accept", accept);
    if (!body.empty()) {
      request.headers.add("Content-Type", "text/html");
      request.headers.add("X-Security-Context", "Patient/" + id);
    }
    return fixture_.send(request);
  };
  http::Response made = ask("POST", "Binary", "application/fhir+json", content);
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_NE(made.body.find(R"("contentType":"text/html")"), std::string::npos) << made.body;
  std::string binary = "Binary/" + id_in(made);
  for (std::string_view accept : {"", "*/*", "text/html", "image/png", "application/*"}) {
    http::Response raw = ask("GET", binary, accept);
    EXPECT_EQ(raw.status, 200) << accept << raw.body;
    EXPECT_EQ(raw.body, content);
    EXPECT_EQ(field(raw, "Content-Type"), "text/html");
    EXPECT_EQ(field(raw, "Content-Disposition"), "attachment");
    EXPECT_EQ(field(raw, "Content-Security-Policy"), "sandbox; default-src 'none'");
    EXPECT_EQ(field(raw, "X-Security-Context"), "Patient/" + id);
    EXPECT_EQ(field(raw, "ETag"), "W/\"1\"");
    EXPECT_NE(field(raw, kReceiptField), "(none)");
  }
  EXPECT_EQ(ask("GET", binary, "text/html, application/fhir+json;q=0.5").body, made.body);
  EXPECT_EQ(ask("GET", binary + "?_format=json", "text/html").body, made.body);
  http::Response changed = ask("PUT", binary, "application/fhir+json", "other");
  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(ask("GET", binary, "*/*").body, "other");
  EXPECT_EQ(ask("GET", binary + "/_history/1", "*/*").body, content);
  // It is with its patient, and nobody else's.
  EXPECT_NE(get("Patient/" + id + "/$everything").body.find(id_in(made)), std::string::npos);
  EXPECT_EQ(ask("GET", binary, "*/*", "", kGp2).status, 404);
  EXPECT_EQ(ask("PUT", binary, "*/*", "x", kGp2).status, 404);
  // Others than Binaries are resources.
  EXPECT_EQ(ask("POST", "Patient", "*/*", "text").status, 415);
  expect_sound();
}

TEST_F(WriteTest, WhatWasReadCanBeSentBack) {
  std::string id = create("Patient", patient("Smith"));
  http::Response same = send("PUT", "Patient/" + id, get("Patient/" + id).body);
  EXPECT_EQ(same.status, 200) << same.body;
  EXPECT_EQ(field(same, "ETag"), "W/\"1\"");
}

TEST_F(WriteTest, APatchChangesTheVersionThere) {
  std::string id = create("Patient", patient("Smith"));
  auto patch = [&](const std::string& text, std::string_view if_match = "",
                   std::string_view caller = kGp) {
    http::Request request = fixture_.request("PATCH", "Patient/" + id, caller);
    request.headers.add("Content-Type", "application/json-patch+json");
    if (!if_match.empty()) {
      request.headers.add("If-Match", if_match);
    }
    request.body = text;
    return fixture_.send(request);
  };
  const std::string rename = R"([{"op":"replace","path":"/name/0/family","value":"Jones"}])";
  http::Response patched = patch(rename);
  EXPECT_EQ(patched.status, 200) << patched.body;
  EXPECT_EQ(field(patched, "ETag"), "W/\"2\"");
  EXPECT_EQ(get("Patient/" + id).body, patched.body);
  EXPECT_NE(patched.body.find("Jones"), std::string::npos);
  EXPECT_EQ(field(patch(rename), "ETag"), "W/\"2\"");  // nothing changed
  EXPECT_EQ(patch(rename, "W/\"1\"").status, 412);
  const struct {
    std::string text;
    int status;
  } rows[] = {{"{}", 400},
              {R"([{"op":"test","path":"/name/0/family","value":"Smith"}])", 412},
              {R"([{"op":"remove","path":"/photo"}])", 409},
              {R"([{"op":"replace","path":"/id","value":"other"}])", 400},
              {R"([{"op":"replace","path":"/resourceType","value":"Person"}])", 400},
              {R"([{"op":"replace","path":"","value":"text"}])", 400},
              {R"([{"op":"add","path":"/nam","value":"x"}])", 400},
              {R"([{"op":"replace","path":"/birthDate","value":"1999-09-09"},
                   {"op":"remove","path":"/identifier"}])",
               200}};
  record::T t = fixture_.t();
  for (const auto& [text, status] : rows) {
    http::Response response = patch(text);
    EXPECT_EQ(response.status, status) << text << response.body;
    EXPECT_TRUE(status == 200 || fixture_.t() == t) << text;
    EXPECT_TRUE(status == 200 || response.body.find("Jones") == std::string::npos);
  }
  EXPECT_EQ(patch(rename, "", kGp2).status, 404);
  EXPECT_EQ(patch(rename, "", "gp").status, 403);
  EXPECT_EQ(send("DELETE", "Patient/" + id, "").status, 204);
  EXPECT_EQ(patch(rename).status, 410);
  expect_sound();
}

TEST_F(WriteTest, PatchesAtOnceAreAllKept) {
  constexpr int kThreads = 4;
  constexpr int kPatches = 15;
  std::string id = create("Patient", R"({"resourceType":"Patient","name":[{"text":"x"}]})");
  std::atomic<int> taken{0};
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0; i < kPatches; ++i) {
          http::Request request = fixture_.request("PATCH", "Patient/" + id, kGp);
          request.headers.add("Content-Type", "application/json-patch+json");
          request.body = R"([{"op":"add","path":"/name/-","value":{"text":"y"}}])";
          taken += fixture_.send(request).status == 200 ? 1 : 0;
        }
      });
    }
  }
  std::string body = get("Patient/" + id).body;
  int kept = 0;
  for (size_t at = body.find("\"y\""); at != std::string::npos; at = body.find("\"y\"", at + 1)) {
    ++kept;
  }
  EXPECT_EQ(kept, taken);
  EXPECT_GT(taken, 0);
}

TEST_F(WriteTest, MinimalSaysTheSameWithoutTheBody) {
  http::Request request = fixture_.request("POST", "Patient", kGp);
  request.body = patient("Smith");
  request.headers.add("Content-Type", "application/fhir+json");
  request.headers.add("Prefer", "return=minimal");
  http::Response response = fixture_.send(request);
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(field(response, "ETag"), "W/\"1\"");
  EXPECT_EQ(get("Patient/" + id_in(response)).status, 200);
}

// Writers of one resource at once: every change is a version, and of those who name the version
// they change one alone gets through.
TEST_F(WriteTest, WritersAtOnceLoseNothing) {
  constexpr int kThreads = 6;
  constexpr int kChanges = 20;
  std::string id = create("Patient", patient("Smith"));
  std::string free = create("Patient", patient("Jones", "", "9990000026"));
  std::atomic<int> taken{0};
  std::atomic<int> matched{0};
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kChanges; ++i) {
          std::string name = std::to_string(thread) + "-" + std::to_string(i);
          int status = send("PUT", "Patient/" + free, patient(name, free, "9990000026")).status;
          EXPECT_TRUE(status == 200 || status == 503) << status;
          taken += status == 200 ? 1 : 0;
          std::string version = "W/\"" + std::to_string(i + 1) + "\"";
          matched += send("PUT", "Patient/" + id, patient(name, id), kGp, version).status == 200;
        }
      });
    }
  }
  EXPECT_EQ(field(get("Patient/" + free), "ETag"), "W/\"" + std::to_string(taken + 1) + "\"");
  EXPECT_EQ(field(get("Patient/" + id), "ETag"), "W/\"" + std::to_string(matched + 1) + "\"");
  EXPECT_LE(matched, kChanges);
  EXPECT_GE(matched, 1);
  expect_sound();
}

}  // namespace
}  // namespace continuum::api
