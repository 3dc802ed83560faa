// Writing in one's own name: staff and citizens, what they may, and each way round it that is shut.
#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "access/may_write.h"
#include "api/replay.h"
#include "api/write_fixture_test.h"
#include "fhir/structure.h"

namespace continuum::api {
namespace {

constexpr std::string_view kDoctor = "gp";       // of A81001, where Ann is registered
constexpr std::string_view kColleague = "gp-2";  // another doctor there
constexpr std::string_view kOtherDoctor = "other-gp";
constexpr std::string_view kAnnNumber = "9990000018";
constexpr std::string_view kBobNumber = "9990000026";
constexpr std::string_view kAnn = "citizen:9990000018:1980-01-31";
constexpr std::string_view kBob = "citizen:9990000026:1970-02-02";
constexpr std::string_view kDoctorName =
    R"({"type":"Practitioner","identifier":{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"gp"}})";
constexpr std::string_view kNobody = "00000000000000000000000000zz";

// A small resource of each type that authors may write, about a patient, with more members.
std::string note(std::string_view type, std::string_view patient, std::string_view more = "",
                 std::string_view id = "") {
  static const std::map<std::string_view, std::string_view> kMembers = {
      {"CarePlan", R"("status":"active","intent":"plan","subject":)"},
      {"Composition",
       R"("status":"final","type":{"text":"About me"},"date":"2026-01-01","title":"About me","subject":)"},
      {"DocumentReference",
       R"("status":"current","content":[{"attachment":{"title":"note"}}],"subject":)"},
      {"Flag", R"("status":"active","code":{"text":"lives alone"},"subject":)"},
      {"Observation", R"("status":"final","code":{"text":"weight"},"subject":)"},
      {"QuestionnaireResponse", R"("status":"completed","subject":)"},
      {"Task", R"("status":"requested","intent":"proposal","for":)"}};
  std::string out = R"({"resourceType":")" + std::string(type) + R"(",)";
  if (!id.empty()) {
    out += R"("id":")" + std::string(id) + R"(",)";
  }
  out +=
      std::string(kMembers.at(type)) + R"({"reference":"Patient/)" + std::string(patient) + R"("})";
  out += more.empty() ? "" : "," + std::string(more);
  return out + "}";
}

class AuthorWriteTest : public WriteTest {
 protected:
  AuthorWriteTest() {
    fixture_.put({"gp", "", false, true}, "practice",
                 R"({"resourceType":"Organization","identifier":[{
        "system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"A81001"}]})");
    practice_ = fixture_.put({"gp", "", false, true}, "practice-2",
                             R"({"resourceType":"Organization","identifier":[{
        "system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"A81001"}]})");
    ann_ = register_patient({"gp", "ann"}, kAnnNumber, "1980-01-31", true);
    ann_at_trust_ = register_patient({"trust", "ann-at-trust"}, kAnnNumber, "1980-01-31", false);
    bob_ = register_patient({"trust", "bob"}, kBobNumber, "1970-02-02", false);
    weight_ = fixture_.put({"gp", "ann"}, "weight", note("Observation", ann_));
  }

  std::string register_patient(const Home& home, std::string_view number, std::string_view birth,
                               bool with_practice) {
    std::string json = patient("Smith", "", number, birth);
    if (with_practice) {
      json.insert(json.size() - 1,
                  R"(,"generalPractitioner":[{"reference":"Organization/)" + practice_ + R"("}])");
    }
    return fixture_.put(home, home.patient, json, std::string(number) + "|" + std::string(birth));
  }

  http::Response patch(const std::string& target, std::string_view text,
                       std::string_view caller = kDoctor) {
    http::Request request = fixture_.request("PATCH", target, caller);
    request.headers.add("Content-Type", "application/json-patch+json");
    request.body = text;
    return fixture_.send(request);
  }

  // Who cares for whom, as the store has it.
  std::set<std::string> care_rows() {
    std::set<std::string> rows;
    auto view = fixture_.store().view();
    auto sources = view->sources();
    EXPECT_TRUE(sources);
    for (const record::SourceStatus& source : *sources) {
      EXPECT_TRUE(view->scan_care(source.number, [&](const record::CareEvent& event) {
        rows.insert(source.name + " " + std::to_string(event.item.ord.value()));
        return true;
      }));
    }
    return rows;
  }
  // What callers may see of Ann and Bob: statuses, in a fixed order.
  std::string visibility() {
    std::string out;
    for (std::string_view caller : {kDoctor, std::string_view("clerk"), kOtherDoctor,
                                    std::string_view("ward"), kAnn, kBob, kGp, kGp2}) {
      for (const std::string& id : {ann_, ann_at_trust_, bob_}) {
        out += std::to_string(get("Patient/" + id, caller).status) + " ";
      }
    }
    return out;
  }
  static std::string source_of(const http::Response& response) {
    size_t at = response.body.find("record-source\",\"valueString\":\"");
    size_t from = response.body.find(":\"", at + 15) + 2;
    return at == std::string::npos
               ? ""
               : response.body.substr(from, response.body.find('"', from) - from);
  }

  std::string practice_;
  std::string ann_;
  std::string ann_at_trust_;
  std::string bob_;
  std::string weight_;
};

TEST_F(AuthorWriteTest, StaffWriteEachTypeInTheirOwnName) {
  const auto care = care_rows();
  const std::string seen = visibility();
  for (std::string_view type :
       {"CarePlan", "Composition", "DocumentReference", "Flag", "Observation", "Task"}) {
    std::string more =
        type == "Composition" ? R"("author":[)" + std::string(kDoctorName) + "]" : std::string();
    http::Response created = send("POST", type, note(type, ann_, more), kDoctor);
    ASSERT_EQ(created.status, 201) << type << created.body;
    EXPECT_NE(created.body.find(kDoctorName), std::string::npos) << created.body;
    EXPECT_EQ(source_of(created), "-staff-a81001") << created.body;
    std::string target = std::string(type) + "/" + id_in(created);
    EXPECT_EQ(get(target, kDoctor).body, created.body);
    EXPECT_EQ(get(target, kAnn).status, 200);
    EXPECT_EQ(get(target, kOtherDoctor).status, 404);
    EXPECT_EQ(get(target, kBob).status, 404);
    // The system of the patient's source sent no such thing.
    EXPECT_EQ(get(target, kGp).status, 404) << type;
    EXPECT_EQ(send("DELETE", target, "", kGp).status, 404);
  }
  http::Response record = get("Patient/" + ann_ + "/$everything", kAnn);
  EXPECT_NE(record.body.find("\"total\":9"), std::string::npos) << record.body;
  EXPECT_EQ(record.body.find("source -staff"), std::string::npos) << record.body;
  EXPECT_EQ(care_rows(), care);
  EXPECT_EQ(visibility(), seen);
  expect_sound();
}

TEST_F(AuthorWriteTest, CitizensWriteEachTypeAboutThemselves) {
  const auto care = care_rows();
  const std::string seen = visibility();
  for (std::string_view type : {"Composition", "Observation", "QuestionnaireResponse", "Task"}) {
    // With whichever of their source patients they name, also one of a source that cannot write.
    for (const std::string& patient : {ann_, ann_at_trust_}) {
      http::Response created = send("POST", type, note(type, patient), kAnn);
      ASSERT_EQ(created.status, 201) << type << created.body;
      std::string member = R"({"reference":"Patient/)" + patient + "\"}";
      EXPECT_NE(created.body.find(member, created.body.find(member) + 1), std::string::npos)
          << created.body;
      EXPECT_EQ(source_of(created), "-citizen");
      std::string target = std::string(type) + "/" + id_in(created);
      EXPECT_EQ(get(target, kAnn).body, created.body);
      EXPECT_EQ(get(target, kDoctor).status, 200);
      EXPECT_EQ(get(target, kOtherDoctor).status, 404);
      EXPECT_EQ(get(target, kBob).status, 404);
      EXPECT_EQ(get(target, "clerk").status, 404);
      EXPECT_EQ(get(target, kGp).status, 404);
    }
  }
  EXPECT_EQ(field(get("Patient/" + ann_, kAnn), "ETag"), "W/\"1\"");
  EXPECT_EQ(care_rows(), care);
  EXPECT_EQ(visibility(), seen);
  expect_sound();
}

TEST_F(AuthorWriteTest, WhatOneWroteOneMayChange) {
  const struct {
    std::string_view caller;
    std::string_view type;
  } rows[] = {{kDoctor, "DocumentReference"},  {kDoctor, "Task"},       {kDoctor, "Composition"},
              {kAnn, "Observation"},           {kAnn, "Task"},          {kAnn, "Composition"},
              {kAnn, "QuestionnaireResponse"}, {kDoctor, "Observation"}};
  for (const auto& [caller, type] : rows) {
    std::string id = create(type, note(type, ann_), caller);
    std::string target = std::string(type) + "/" + id;
    http::Response again = send("PUT", target, note(type, ann_, "", id), caller);
    EXPECT_EQ(again.status, 200) << type << again.body;
    EXPECT_EQ(field(again, "ETag"), "W/\"1\"");  // the author is filled in again
    // As it was read, it may be sent back.
    std::string read = get(target, caller).body;
    EXPECT_EQ(field(send("PUT", target, read, caller), "ETag"), "W/\"1\"") << type;
    http::Response changed =
        send("PUT", target, note(type, ann_, R"("language":"en")", id), caller, "W/\"1\"");
    EXPECT_EQ(changed.status, 200) << changed.body;
    EXPECT_EQ(field(changed, "ETag"), "W/\"2\"");
    http::Response patched =
        patch(target, R"([{"op":"replace","path":"/language","value":"cy"}])", caller);
    EXPECT_EQ(patched.status, 200) << patched.body;
    EXPECT_NE(patched.body.find("\"cy\""), std::string::npos);
    EXPECT_EQ(send("DELETE", target, "", caller).status, 204);
    EXPECT_EQ(get(target, caller).status, 410);
    EXPECT_EQ(send("DELETE", target, "", caller).status, 204);
    http::Response back = send("PUT", target, note(type, ann_, "", id), caller);
    EXPECT_EQ(back.status, 201) << back.body;
    EXPECT_EQ(field(back, "ETag"), "W/\"5\"");
  }
  expect_sound();
}

TEST_F(AuthorWriteTest, WhatOthersWroteIsNotThere) {
  std::string doctors = create("Observation", note("Observation", ann_), kDoctor);
  std::string anns = create("Observation", note("Observation", ann_), kAnn);
  std::string bobs = create("Observation", note("Observation", bob_), kBob);
  std::string clerks_task = create("Task", note("Task", ann_), kAnn);
  const struct {
    std::string id;
    std::string_view caller;
  } rows[] = {{weight_, kDoctor},  // the system's
              {weight_, kAnn},
              {anns, kDoctor},
              {doctors, kAnn},
              {doctors, kColleague},  // of the same organisation
              {doctors, kOtherDoctor},
              {doctors, kGp},
              {anns, kGp},
              {anns, kBob},
              {bobs, kAnn},
              {doctors, "ward"},
              {std::string(kNobody), kDoctor},
              {std::string(kNobody), kAnn}};
  record::T t = fixture_.t();
  std::string absent = send("DELETE", "Observation/" + std::string(kNobody), "", kDoctor).body;
  for (const auto& [id, caller] : rows) {
    std::string target = "Observation/" + id;
    for (const http::Response& response :
         {send("PUT", target, note("Observation", ann_, "", id), caller),
          send("DELETE", target, "", caller),
          patch(target, R"([{"op":"add","path":"/language","value":"en"}])", caller)}) {
      EXPECT_EQ(response.status, 404) << id << " " << caller << response.body;
      EXPECT_EQ(response.body, absent);
    }
  }
  // Of a type that the other kind of caller may write.
  EXPECT_EQ(send("DELETE", "Task/" + clerks_task, "", kDoctor).status, 404);
  EXPECT_EQ(fixture_.t(), t);
}

TEST_F(AuthorWriteTest, WhomOneMayNotSeeIsNobody) {
  const auto care = care_rows();
  const std::string seen = visibility();
  record::T t = fixture_.t();
  const struct {
    std::string_view caller;
    std::string patient;
  } rows[] = {{kDoctor, std::string(kNobody)},
              {kDoctor, bob_},
              {kDoctor, "ann"},
              {kDoctor, "unknown"},
              {kOtherDoctor, ann_},
              {kOtherDoctor, bob_},
              {kAnn, bob_},
              {kBob, ann_},
              {"ward", ann_},
              {"ward", bob_},
              {kAnn, std::string(kNobody)}};
  std::string refusal;
  for (const auto& [caller, patient] : rows) {
    for (std::string_view type : {"Observation", "Task"}) {
      size_t before = fixture_.entries().size();
      http::Response response = send("POST", type, note(type, patient), caller);
      EXPECT_EQ(response.status, 400) << caller << " " << patient << response.body;
      refusal = refusal.empty() ? response.body : refusal;
      EXPECT_EQ(response.body, refusal);
      // The ledger grows alike, whether there is somebody or not.
      EXPECT_EQ(fixture_.entries().size(), before + 2) << caller << " " << patient;
    }
  }
  EXPECT_EQ(fixture_.t(), t);
  // No source is registered by who may not write.
  auto sources = fixture_.store().view()->sources();
  ASSERT_TRUE(sources);
  for (const record::SourceStatus& source : *sources) {
    EXPECT_FALSE(access::is_author_source(source.name)) << source.name;
  }
  EXPECT_EQ(care_rows(), care);
  EXPECT_EQ(visibility(), seen);
}

TEST_F(AuthorWriteTest, WhomItIsAboutMustBeClear) {
  std::string other = register_patient({"gp", "cy"}, "9990000034", "1990-03-03", true);
  const std::string of_ann = R"("subject":{"reference":"Patient/)" + ann_ + "\"}";
  record::T t = fixture_.t();
  auto observation = [](const std::string& members) {
    return R"({"resourceType":"Observation","status":"final","code":{"text":"x"})" +
           (members.empty() ? "" : "," + members) + "}";
  };
  const struct {
    std::string members;
    int status;
  } rows[] = {
      {"", 400},
      {R"("subject":{"identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}})",
       400},
      {R"("subject":{"display":"Ann"})", 400},
      {R"("subject":{"reference":"#p"})", 400},
      {R"("subject":{"reference":"urn:uuid:7d0b8a5e-3f5b-4a57-9d0e-5f7f3a1c2b4d"})", 400},
      {R"("subject":{"reference":"http://elsewhere.example/fhir/Patient/)" + ann_ + "\"}", 400},
      {R"("subject":{"reference":"Patient/)" + ann_ + "/_history/1\"}", 400},
      {R"("subject":{"reference":"Group/)" + ann_ + "\"}", 400},
      {R"("encounter":{"reference":"Encounter/x"})", 400},
      {R"("partOf":[{"reference":"Observation/)" + weight_ + "\"}]", 400},
      // Its author, or what it is for, is not whom it is about.
      {R"("subject":{"reference":"Location/x"},"focus":[{"reference":"Patient/)" + ann_ + "\"}]",
       400},
      {R"("focus":[{"reference":"Patient/)" + ann_ + "\"}]", 400},
      // Two names for one may be two people.
      {R"("subject":{"reference":"Patient/)" + ann_ +
           R"(","identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000026"}})",
       403},
      {of_ann + R"(,"contained":[{"resourceType":"Patient","id":"p"}])", 403}};
  for (const auto& [members, status] : rows) {
    http::Response response = send("POST", "Observation", observation(members), kDoctor);
    EXPECT_EQ(response.status, status) << members << response.body;
  }
  EXPECT_EQ(fixture_.t(), t);
  http::Response absolute = send(
      "POST", "Observation",
      observation(R"("subject":{"reference":"http://127.0.0.1:8080/fhir/Patient/)" + ann_ + "\"}"),
      kDoctor);
  EXPECT_EQ(absolute.status, 201) << absolute.body;
  EXPECT_NE(absolute.body.find("{\"reference\":\"Patient/" + ann_ + "\"}"), std::string::npos);
  // No second patient, there or not, seen or not: one answer.
  std::string refusal;
  for (const std::string& name : {bob_, std::string(kNobody), other, ann_at_trust_, ann_}) {
    for (std::string_view base : {"", "http://127.0.0.1:8080/fhir/"}) {
      http::Response named = send("POST", "Observation",
                                  observation(of_ann + R"(,"focus":[{"reference":")" +
                                              std::string(base) + "Patient/" + name + "\"}]"),
                                  kDoctor);
      EXPECT_EQ(named.status, name == ann_ ? 201 : 403) << named.body;
      refusal = refusal.empty() ? named.body : refusal;
      EXPECT_EQ(named.body == refusal, name != ann_);
    }
  }
  // Nor does what else it names tell whether that is there.
  for (const std::string& name : {weight_, std::string(kNobody)}) {
    http::Response named =
        send("POST", "Observation",
             observation(of_ann +
                         R"(,"hasMember":[{"reference":"http://127.0.0.1:8080/fhir/Observation/)" +
                         name + "\"}]"),
             kDoctor);
    EXPECT_EQ(named.status, 201) << named.body;
    EXPECT_NE(named.body.find("[{\"reference\":\"Observation/" + name + "\"}]"), std::string::npos);
  }
  EXPECT_EQ(get("Patient/" + other + "/$everything", kDoctor).body.find("Observation"),
            std::string::npos);
}

// PUT and PATCH that move it: it goes where its author may write, and nowhere else.
TEST_F(AuthorWriteTest, ItMovesWhereItsAuthorMayWrite) {
  std::string other = register_patient({"gp", "cy"}, "9990000034", "1990-03-03", true);
  std::string id = create("Observation", note("Observation", ann_), kDoctor);
  std::string target = "Observation/" + id;
  record::T t = fixture_.t();
  for (const std::string& patient : {bob_, std::string(kNobody)}) {
    EXPECT_EQ(send("PUT", target, note("Observation", patient, "", id), kDoctor).status, 400);
    http::Response patched =
        patch(target, R"([{"op":"replace","path":"/subject/reference","value":"Patient/)" +
                          patient + "\"}]");
    EXPECT_EQ(patched.status, 400) << patched.body;
  }
  EXPECT_EQ(patch(target, R"([{"op":"remove","path":"/subject"}])").status, 400);
  std::string anns = create("Observation", note("Observation", ann_), kAnn);
  EXPECT_EQ(send("PUT", "Observation/" + anns, note("Observation", bob_, "", anns), kAnn).status,
            400);
  EXPECT_EQ(fixture_.t(), t + 1);
  EXPECT_EQ(field(get(target, kDoctor), "ETag"), "W/\"1\"");
  // Written about the wrong patient, and put right.
  http::Response put_right = send("PUT", target, note("Observation", other, "", id), kDoctor);
  EXPECT_EQ(put_right.status, 200) << put_right.body;
  EXPECT_EQ(get(target, kAnn).status, 404);
  EXPECT_EQ(get(target + "/_history/1", kAnn).status, 200) << "it was in her record";
  EXPECT_NE(get("Patient/" + other + "/$everything", kDoctor).body.find(id), std::string::npos);
  EXPECT_EQ(get("Patient/" + ann_ + "/$everything", kDoctor).body.find("/" + id + "\""),
            std::string::npos);
}

TEST_F(AuthorWriteTest, NobodyWritesInAnothersName) {
  auto practitioner = [](std::string_view id) {
    return R"({"identifier":{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":")" +
           std::string(id) + "\"}}";
  };
  auto organisation = [](std::string_view code) {
    return R"({"identifier":{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":")" +
           std::string(code) + "\"}}";
  };
  const std::string me = practitioner("gp");
  const std::string ann = R"({"reference":"Patient/)" + ann_ + "\"}";
  const std::string bob = R"({"reference":"Patient/)" + bob_ + "\"}";
  const struct {
    std::string_view caller;
    std::string_view type;
    std::string more;
    int status;
  } rows[] = {
      {kDoctor, "Observation", R"("performer":[)" + me + "]", 201},
      {kDoctor, "Observation", R"("performer":[)" + me + "," + organisation("A81001") + "]", 201},
      {kDoctor, "Observation", R"("performer":[)" + organisation("A81001") + "]", 403},
      {kDoctor, "Observation", R"("performer":[)" + me + "," + organisation("RXX") + "]", 403},
      {kDoctor, "Observation", R"("performer":[)" + practitioner("gp-2") + "]", 403},
      {kDoctor, "Observation", R"("performer":[)" + me + "," + practitioner("gp-2") + "]", 403},
      {kDoctor, "Observation", R"("performer":[)" + ann + "]", 403},
      {kDoctor, "Observation", R"("performer":[{"reference":"Practitioner/gp"}])", 403},
      {kDoctor, "Observation", R"("performer":[{"reference":"#me"}])", 403},
      {kDoctor, "Observation", R"("performer":[{"display":"Dr Gp"}])", 403},
      {kDoctor, "Observation",
       R"("performer":[{"identifier":{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"gp"},"display":"Dr Other"}])",
       403},
      {kDoctor, "Observation",
       R"("performer":[{"identifier":{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"gp"},"reference":"Practitioner/other"}])",
       403},
      {kDoctor, "Observation",
       R"("performer":[{"type":"Patient","identifier":{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"gp"}}])",
       403},
      {kDoctor, "Observation",
       R"("performer":[{"identifier":{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"gp"},"extension":[{"url":"http://x.example","valueReference":{"display":"Dr Other"}}]}])",
       403},
      {kDoctor, "Observation",
       R"("performer":[{"identifier":{"system":"https://elsewhere.example","value":"gp"}}])", 403},
      {kDoctor, "Observation",
       R"("performer":[{"identifier":{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"gp","assigner":{"display":"Other"}}}])",
       403},
      {kDoctor, "Observation", R"("note":[{"text":"x","authorReference":)" + me + "}]", 201},
      {kDoctor, "Observation",
       R"("note":[{"text":"x","authorReference":)" + practitioner("gp-2") + "}]", 403},
      {kDoctor, "Observation", R"("note":[{"text":"x","authorString":"Dr Other"}])", 403},
      {kDoctor, "DocumentReference", R"("author":[)" + practitioner("gp-2") + "]", 403},
      {kDoctor, "DocumentReference", R"("authenticator":)" + practitioner("gp-2"), 403},
      {kDoctor, "DocumentReference", R"("authenticator":)" + me, 201},
      {kDoctor, "DocumentReference", R"("custodian":)" + organisation("RXX"), 403},
      {kDoctor, "DocumentReference", R"("custodian":)" + organisation("A81001"), 201},
      {kDoctor, "Composition", R"("author":[)" + practitioner("gp-2") + "]", 403},
      {kDoctor, "Composition",
       R"("attester":[{"mode":"legal","party":)" + practitioner("gp-2") + "}]", 403},
      {kDoctor, "Composition", R"("attester":[{"mode":"legal","party":)" + me + "}]", 201},
      {kDoctor, "Composition", R"("custodian":)" + organisation("RXX"), 403},
      {kDoctor, "Composition",
       R"("section":[{"title":"x","text":{"status":"additional","div":"<div>x</div>"},"author":[)" +
           practitioner("gp-2") + "]}]",
       403},
      {kDoctor, "Composition",
       R"("section":[{"title":"x","section":[{"title":"y","author":[)" + practitioner("gp-2") +
           "]}]}]",
       403},
      {kDoctor, "Composition", R"("section":[{"title":"x","author":[)" + me + "]}]", 201},
      {kDoctor, "Task",
       R"("input":[{"type":{"text":"x"},"valueSignature":{"type":[{"code":"x"}],"when":"2026-01-01T00:00:00Z","who":)" +
           practitioner("gp-2") + "}}]",
       403},
      {kDoctor, "Task",
       R"("input":[{"type":{"text":"x"},"valueAnnotation":{"text":"x","authorReference":)" +
           practitioner("gp-2") + "}}]",
       403},
      {kDoctor, "DocumentReference", R"("context":{"sourcePatientInfo":)" + bob + "}", 403},
      {kDoctor, "Task", R"("owner":)" + bob, 403},
      {kDoctor, "Task", R"("owner":)" + practitioner("gp-2"), 201},
      {kDoctor, "Flag", R"("author":)" + practitioner("gp-2"), 403},
      {kDoctor, "Task", R"("requester":)" + practitioner("gp-2"), 403},
      {kDoctor, "Task", R"("requester":)" + ann, 403},
      {kDoctor, "CarePlan", R"("author":)" + practitioner("gp-2"), 403},
      {kDoctor, "CarePlan", R"("contributor":[)" + practitioner("gp-2") + "]", 403},
      {kDoctor, "CarePlan", R"("contributor":[)" + me + "]", 201},
      {kAnn, "Observation", R"("performer":[)" + ann + "]", 201},
      {kAnn, "Observation", R"("performer":[)" + bob + "]", 403},
      {kAnn, "Observation", R"("performer":[)" + me + "]", 403},
      {kAnn, "Observation", R"("performer":[)" + ann + "," + me + "]", 403},
      {kAnn, "Observation", R"("performer":[)" + ann + "," + organisation("A81001") + "]", 403},
      {kAnn, "Observation",
       R"("performer":[{"reference":"Patient/)" + ann_ + R"(","display":"Dr Other"}])", 403},
      {kAnn, "Composition", R"("author":[)" + me + "]", 403},
      {kAnn, "Composition", R"("custodian":)" + organisation("A81001"), 403},
      {kAnn, "QuestionnaireResponse", R"("author":)" + me, 403},
      {kAnn, "QuestionnaireResponse", R"("source":)" + bob, 403},
      {kAnn, "QuestionnaireResponse", R"("source":)" + ann, 201},
      {kAnn, "Task", R"("requester":)" + me, 403}};
  for (const auto& [caller, type, more, status] : rows) {
    record::T t = fixture_.t();
    http::Response response = send("POST", type, note(type, ann_, more), caller);
    EXPECT_EQ(response.status, status) << type << more << response.body;
    EXPECT_EQ(fixture_.t() > t, status == 201);
    if (status == 403) {
      // Says which element; never whose.
      EXPECT_NE(response.body.find(std::string(type) + "."), std::string::npos) << response.body;
      EXPECT_EQ(response.body.find("gp-2"), std::string::npos);
    }
  }
  expect_sound();
}

TEST_F(AuthorWriteTest, APatchMovesNoAuthor) {
  std::string id = create("Observation", note("Observation", ann_), kDoctor);
  std::string target = "Observation/" + id;
  for (std::string_view text :
       {R"([{"op":"replace","path":"/performer/0/identifier/value","value":"gp-2"}])",
        R"([{"op":"add","path":"/performer/0/display","value":"Dr Other"}])",
        R"([{"op":"add","path":"/performer/-","value":{"display":"Dr Other"}}])",
        R"([{"op":"add","path":"/meta/security","value":[{"code":"R"}]}])",
        R"([{"op":"add","path":"/contained","value":[{"resourceType":"Patient"}]}])"}) {
    http::Response response = patch(target, text);
    EXPECT_EQ(response.status, 403) << text << response.body;
  }
  // Taken out, it is filled in again.
  http::Response removed = patch(target, R"([{"op":"remove","path":"/performer"}])");
  EXPECT_EQ(removed.status, 200) << removed.body;
  EXPECT_NE(removed.body.find(kDoctorName), std::string::npos) << removed.body;
}

TEST_F(AuthorWriteTest, NoLabelsNoTagsNoOtherMeaning) {
  const struct {
    std::string_view type;
    std::string_view more;
    std::string_view element;  // that is named; empty: taken
  } rows[] = {
      {"Observation", R"("meta":{"security":[{"code":"R"}]})", "Observation.meta.security"},
      {"Observation", R"("meta":{"tag":[{"code":"x"}]})", "Observation.meta.tag"},
      {"Observation", R"("meta":{"source":"urn:x"})", "Observation.meta.source"},
      {"Observation", R"("meta":{"_source":{"id":"x"}})", "Observation.meta._source"},
      {"Observation", R"("meta":{"extension":[{"url":"http://x.example","valueCode":"x"}]})",
       "Observation.meta.extension"},
      {"Observation", R"("meta":{"profile":["http://x.example/p"]})", ""},
      {"Observation", R"("meta":{"versionId":"9","lastUpdated":"2020-01-01T00:00:00Z"})", ""},
      {"Observation",
       R"("meta":{"extension":[{"url":"https://continuum.example/fhir/StructureDefinition/record-source","valueString":"gp"}]})",
       ""},
      {"Observation", R"("implicitRules":"http://x.example")", "Observation.implicitRules"},
      {"Observation", R"("modifierExtension":[{"url":"http://x.example","valueCode":"x"}])",
       "Observation.modifierExtension"},
      {"Observation",
       R"("component":[{"code":{"text":"x"},"modifierExtension":[{"url":"http://x.example","valueCode":"x"}]}])",
       "Observation.modifierExtension"},
      {"DocumentReference", R"("securityLabel":[{"text":"restricted"}])",
       "DocumentReference.securityLabel"},
      {"Composition", R"("confidentiality":"V")", "Composition.confidentiality"}};
  for (const auto& [type, more, element] : rows) {
    for (std::string_view caller : {kDoctor, kAnn}) {
      if (type == "DocumentReference" && caller == kAnn) {
        continue;
      }
      http::Response response = send("POST", type, note(type, ann_, more), caller);
      EXPECT_EQ(response.status, element.empty() ? 201 : 403) << more << response.body;
      EXPECT_NE(response.body.find(element), std::string::npos) << response.body;
      if (element.empty()) {
        EXPECT_EQ(source_of(response), caller == kAnn ? "-citizen" : "-staff-a81001");
        EXPECT_NE(response.body.find("\"versionId\":\"1\""), std::string::npos);
      }
    }
  }
}

TEST_F(AuthorWriteTest, ACitizenAsksAndDoesNotOrder) {
  for (std::string_view status : {"requested", "cancelled", "accepted", "completed", "draft"}) {
    for (std::string_view intent : {"proposal", "order"}) {
      std::string task = R"({"resourceType":"Task","status":")" + std::string(status) +
                         R"(","intent":")" + std::string(intent) +
                         R"(","for":{"reference":"Patient/)" + ann_ + "\"}}";
      bool is_taken = (status == "requested" || status == "cancelled") && intent == "proposal";
      EXPECT_EQ(send("POST", "Task", task, kAnn).status, is_taken ? 201 : 403) << task;
      EXPECT_EQ(send("POST", "Task", task, kDoctor).status, 201) << task;
    }
  }
}

// A type that is not theirs, or a role that only says who somebody is.
TEST_F(AuthorWriteTest, OtherTypesAndRolesAreRefusedWhoeverItIsAbout) {
  record::T t = fixture_.t();
  std::string refusal;
  for (const std::string& patient : {ann_, bob_, std::string(kNobody)}) {
    const struct {
      std::string_view caller;
      std::string_view type;
      std::string body;
    } rows[] = {
        {"clerk", "Observation", note("Observation", patient)},
        {"clerk", "Task", note("Task", patient)},
        {"operator", "Observation", note("Observation", patient)},
        {kDoctor, "QuestionnaireResponse", note("QuestionnaireResponse", patient)},
        {kAnn, "DocumentReference", note("DocumentReference", patient)},
        {kAnn, "Flag", note("Flag", patient)},
        {kAnn, "Patient", patient},
        {kDoctor, "EpisodeOfCare",
         R"({"resourceType":"EpisodeOfCare","status":"active","patient":{"reference":"Patient/)" +
             patient + "\"}}"},
        {kDoctor, "Encounter",
         R"({"resourceType":"Encounter","status":"in-progress","class":{"code":"AMB"},"subject":{"reference":"Patient/)" +
             patient + "\"}}"},
        {kDoctor, "Organization", R"({"resourceType":"Organization","name":"x"})"},
        {kDoctor, "Provenance",
         R"({"resourceType":"Provenance","target":[{"reference":"Patient/)" + patient +
             R"("}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"x"}}]})"},
        {kDoctor, "AuditEvent", R"({"resourceType":"AuditEvent"})"}};
    for (const auto& [caller, type, body] : rows) {
      EXPECT_EQ(send("POST", type, body, caller).status, 403) << caller << type;
      EXPECT_EQ(send("PUT", std::string(type) + "/" + std::string(kNobody), body, caller).status,
                403);
      EXPECT_EQ(send("DELETE", std::string(type) + "/" + patient, "", caller).status, 403);
    }
  }
  EXPECT_EQ(fixture_.t(), t);
}

TEST_F(AuthorWriteTest, ATransactionIsAllOrNothing) {
  auto entry = [](std::string_view type, const std::string& body, std::string_view full_url = "") {
    return (full_url.empty() ? "{" : R"({"fullUrl":")" + std::string(full_url) + R"(",)") +
           R"("resource":)" + body + R"(,"request":{"method":"POST","url":")" + std::string(type) +
           R"("}})";
  };
  auto send_all = [&](const std::vector<std::string>& entries, std::string_view caller) {
    std::string all;
    for (const std::string& one : entries) {
      all += (all.empty() ? "" : ",") + one;
    }
    return send("POST", "/fhir",
                R"({"resourceType":"Bundle","type":"transaction","entry":[)" + all + "]}", caller);
  };
  const std::string good = entry("Observation", note("Observation", ann_), "urn:uuid:a");
  record::T t = fixture_.t();
  const struct {
    std::string other;
    int status;
  } rows[] = {
      {entry("Observation", note("Observation", bob_)), 400},
      {entry("Observation", note("Observation", kNobody)), 400},
      {entry("Patient", patient("New"), "urn:uuid:p"), 403},
      {entry(
           "EpisodeOfCare",
           R"({"resourceType":"EpisodeOfCare","status":"active","patient":{"reference":"Patient/)" +
               ann_ + "\"}}"),
       403},
      {entry(
           "Observation",
           R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"urn:uuid:a"}})"),
       400},
      // An entry that says it is the patient.
      {entry("Task", note("Task", ann_), "http://127.0.0.1:8080/fhir/Patient/" + ann_), 400},
      {R"({"request":{"method":"DELETE","url":"Observation/)" + weight_ + "\"}}", 404},
      {entry("Flag", note("Flag", ann_, R"("author":{"display":"Dr Other"})")), 403}};
  for (const auto& [other, status] : rows) {
    EXPECT_EQ(send_all({good, other}, kDoctor).status, status) << other;
    EXPECT_EQ(send_all({other, good}, kDoctor).status, status) << other;
  }
  EXPECT_EQ(fixture_.t(), t);
  // What names another entry is led to it.
  std::string part = note("Observation", ann_, R"("hasMember":[{"reference":"urn:uuid:a"}])");
  http::Response both = send_all({good, entry("Observation", part)}, kDoctor);
  EXPECT_EQ(both.status, 200) << both.body;
  EXPECT_EQ(send_all({good}, kAnn).status, 200);
  EXPECT_EQ(send_all({good}, "clerk").status, 403);
  EXPECT_EQ(send_all({good}, kBob).status, 400);
  expect_sound();
}

TEST_F(AuthorWriteTest, TheLedgerTellsTheRuleAndTheRelationship) {
  const struct {
    std::string_view caller;
    std::string_view rule;
    std::string_view relationship;
  } rows[] = {{kDoctor, "write-as-staff/clinical-record", "registration"},
              {kAnn, "write-as-citizen/citizen-self", "self"}};
  for (const auto& [caller, rule, relationship] : rows) {
    size_t before = fixture_.entries().size();
    create("Observation", note("Observation", ann_), caller);
    auto entries = fixture_.entries();
    ASSERT_EQ(entries.size(), before + 2);
    ledger::PersonPart part = fixture_.open(std::get<ledger::PersonEntry>(entries[before + 1]),
                                            fixture_.ord_of({"gp", "ann"}));
    EXPECT_EQ(part.rule, rule);
    EXPECT_EQ(part.relationship, relationship);
    EXPECT_EQ(part.shown, 1U);
  }
}

TEST_F(AuthorWriteTest, CitizensSeeWhoWroteOfThem) {
  std::string id = create("Observation", note("Observation", ann_), kDoctor);
  send("PUT", "Observation/" + id, note("Observation", ann_, R"("language":"en")", id), kDoctor);
  send("DELETE", "Observation/" + id, "", kDoctor);
  send("POST", "Observation", note("Observation", ann_), kOtherDoctor);
  create("Task", note("Task", ann_), kAnn);
  std::string list = get("AuditEvent?patient=" + ann_, kAnn).body;
  for (std::string_view part :
       {R"("code":"create"}],"action":"C")", R"("code":"update"}],"action":"U")",
        R"("code":"delete"}],"action":"D")", R"({"type":"written:Observation","valueString":"1"})",
        R"({"type":"written:Task","valueString":"1"})",
        R"({"type":"rule","valueString":"write-as-staff/clinical-record"})",
        R"({"type":"rule","valueString":"write-as-citizen/citizen-self"})",
        R"("outcomeDesc":"written")", R"("outcomeDesc":"nothing was written")",
        R"("value":"other-gp")"}) {
    EXPECT_NE(list.find(part), std::string::npos) << part << "\n" << list;
  }
}

// --- provenance ----------------------------------------------------------------------------------

std::string provenance_name(std::string_view type, const std::string& id, int version) {
  return "Provenance/" + std::to_string(*fhir::type_number(type)) + "." + id + "." +
         std::to_string(version);
}

// A word each for what was done and for whom, and that it is built as R4 says.
std::string told_by(const http::Response& response) {
  if (response.status != 200) {
    return std::to_string(response.status);
  }
  json::Document document;
  EXPECT_TRUE(document.parse(response.body)) << response.body;
  const json::Node& root = *document.root();
  fhir::StructureReport report;
  fhir::check_structure(root, report);
  EXPECT_TRUE(report.issues.empty()) << report.issues[0].message << response.body;
  const json::Node& agent = *root.find("agent")->first;
  const json::Node& who = *agent.find("who");
  auto name_of = [](const json::Node& reference) {
    const json::Node* identifier = reference.find("identifier");
    return std::string(identifier == nullptr ? reference.string("reference")
                                             : identifier->string("value"));
  };
  std::string out(root.find("activity")->find("coding")->first->string("code"));
  out += " by " + name_of(who);
  if (const json::Node* organisation = agent.find("onBehalfOf")) {
    out += " for " + name_of(*organisation);
  }
  return out + " of " + std::string(root.find("target")->first->string("reference"));
}

TEST_F(AuthorWriteTest, EachWriteHasItsProvenance) {
  const struct {
    std::string_view caller;
    std::string agent;
  } rows[] = {{kDoctor, "gp for A81001"}, {kAnn, "Patient/" + ann_}, {kGp, "gp for A81001"}};
  for (const auto& [caller, agent] : rows) {
    std::string id = create("Observation", note("Observation", ann_), caller);
    std::string target = "Observation/" + id;
    send("PUT", target, note("Observation", ann_, R"("language":"en")", id), caller);
    send("DELETE", target, "", caller);
    send("PUT", target, note("Observation", ann_, "", id), caller);
    const std::string_view done[] = {"CREATE", "UPDATE", "DELETE", "CREATE"};
    for (int version = 1; version <= 4; ++version) {
      std::string name = provenance_name("Observation", id, version);
      std::string expected = std::string(done[version - 1]) + " by " + agent + " of " + target +
                             "/_history/" + std::to_string(version);
      EXPECT_EQ(told_by(get(name, caller)), expected);
      EXPECT_EQ(told_by(get(name, kAnn)), expected);
      EXPECT_EQ(told_by(get(name, kDoctor)), expected);
      EXPECT_EQ(told_by(get(name, kGp)), caller == kGp ? expected : "404");
      for (std::string_view other :
           {kOtherDoctor, kBob, std::string_view("clerk"), std::string_view("ward"), kGp2,
            std::string_view("operator")}) {
        http::Response refused = get(name, other);
        EXPECT_EQ(refused.status, 404);
        EXPECT_EQ(refused.body, get("Provenance/nobody", other).body);
      }
    }
    EXPECT_EQ(get(provenance_name("Observation", id, 5), caller).status, 404);
  }
}

// Whoever may not see the Provenance, but the resource, sees no more than who it is.
TEST_F(AuthorWriteTest, ProvenanceIsSeenByThePolicyOfItsOwnType) {
  std::string of_ann = provenance_name("Patient", ann_, 1);
  EXPECT_EQ(told_by(get(of_ann, kDoctor)),
            "CREATE by gp for A81001 of Patient/" + ann_ + "/_history/1");
  EXPECT_EQ(get("Patient/" + ann_, "clerk").status, 200);
  size_t before = fixture_.entries().size();
  EXPECT_EQ(get(of_ann, "clerk").status, 404);
  EXPECT_EQ(fixture_.entries().size(), before + 2);
  // Of what belongs to no patient there is none.
  EXPECT_EQ(get(provenance_name("Organization", practice_, 1), kDoctor).status, 404);
  for (const char* name : {"Provenance/1..1", "Provenance/1.2.3", "Provenance/...",
                           "Provenance/999.00000000000000000000000000zz.1",
                           "Provenance/00.00000000000000000000000000zz.1",
                           "Provenance/0.00000000000000000000000000zz.0",
                           "Provenance/0.00000000000000000000000000zz.99999999999"}) {
    EXPECT_EQ(get(name, kDoctor).status, 404) << name;
  }
}

TEST_F(AuthorWriteTest, AWholeRecordTellsWhoWroteIt) {
  std::string doctors = create("Observation", note("Observation", ann_), kDoctor);
  std::string anns = create("Task", note("Task", ann_at_trust_), kAnn);
  auto count = [](const std::string& text, std::string_view part) {
    size_t found = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
      ++found;
    }
    return found;
  };
  for (std::string_view caller : {kDoctor, kAnn}) {
    size_t before = fixture_.entries().size();
    std::string record = get("Patient/" + ann_ + "/$everything", caller).body;
    EXPECT_EQ(count(record, R"("resourceType":"Provenance")"), 2U) << record;
    EXPECT_EQ(count(record, R"("mode":"include")"), 2U);
    EXPECT_NE(record.find(provenance_name("Observation", doctors, 1)), std::string::npos);
    EXPECT_NE(record.find(provenance_name("Task", anns, 1)), std::string::npos);
    EXPECT_NE(record.find("\"total\":5"), std::string::npos);
    auto entries = fixture_.entries();
    // Entries stand in the order of the person's source patients.
    record::Ord first =
        std::min(fixture_.ord_of({"gp", "ann"}), fixture_.ord_of({"trust", "ann-at-trust"}));
    ledger::PersonPart part =
        fixture_.open(std::get<ledger::PersonEntry>(entries[before + 1]), first);
    EXPECT_TRUE(std::any_of(part.types.begin(), part.types.end(), [](const auto& type) {
      return type == std::pair<std::string, uint64_t>("Provenance", 1);
    }));
  }
  // Asked for, of each item that is shown; and of none where others are asked for.
  std::string all =
      get("Patient/" + ann_ + "/$everything?_type=Observation,Provenance", kDoctor).body;
  EXPECT_EQ(count(all, R"("mode":"include")"), 2U) << all;
  EXPECT_NE(all.find("\"total\":2"), std::string::npos);
  std::string none = get("Patient/" + ann_ + "/$everything?_type=Observation", kDoctor).body;
  EXPECT_EQ(count(none, "Provenance"), 0U);
  EXPECT_EQ(count(get("Patient/" + ann_ + "/$everything", "clerk").body, "Provenance"), 0U);
  EXPECT_EQ(count(get("Patient/" + ann_ + "/$everything", kGp).body, R"("mode":"include")"), 0U);
  // Page by page they go with what they are of.
  std::string next = "Patient/" + ann_ + "/$everything?_count=1";
  size_t pages = 0;
  size_t included = 0;
  while (!next.empty() && pages < 10) {
    std::string page = get(next, kAnn).body;
    included += count(page, R"("mode":"include")");
    EXPECT_EQ(count(page, R"("mode":"match")"), 1U);
    next = Body(page).link("next");
    ++pages;
  }
  EXPECT_EQ(pages, 5U);
  EXPECT_EQ(included, 2U);
}

TEST_F(AuthorWriteTest, WhatWasToldIsReplayed) {
  std::string id = create("Observation", note("Observation", ann_), kDoctor);
  for (const std::string& target :
       {"Patient/" + ann_ + "/$everything", provenance_name("Observation", id, 1)}) {
    http::Response first = get(target, kAnn);
    ASSERT_EQ(first.status, 200);
    auto receipt = access::Receipt::parse(field(first, kReceiptField));
    ASSERT_TRUE(receipt);
    fixture_.clock().advance_micros(5'000'000);
    send("PUT", "Observation/" + id, note("Observation", ann_, R"("language":"en")", id), kDoctor);
    auto replayed = replay(fixture_.store(), fixture_.region(), fixture_.clock(), *receipt);
    ASSERT_TRUE(replayed) << replayed.error().text();
    EXPECT_TRUE(replayed->same_manifest) << target;
    EXPECT_EQ(replayed->body, first.body);
    send("PUT", "Observation/" + id, note("Observation", ann_, "", id), kDoctor);
  }
}

// One user in two organisations is two authors, and in a role that sees no records none.
TEST_F(AuthorWriteTest, OneWritesAsTheOrganisationAndRoleOfNow) {
  fixture_.put(
      {"trust", "ann-at-trust"}, "stay",
      R"({"resourceType":"Encounter","status":"in-progress","class":{"code":"IMP"},"period":{"start":"2025-06-01"}})");
  std::string id = create("Observation", note("Observation", ann_), kDoctor);
  ASSERT_EQ(get("Observation/" + id, "gp-at-trust").status, 200);
  std::string absent = send("DELETE", "Observation/" + std::string(kNobody), "", kDoctor).body;
  for (std::string_view method : {"PUT", "DELETE"}) {
    std::string body = method == "PUT" ? note("Observation", ann_, "", id) : "";
    http::Response refused = send(method, "Observation/" + id, body, "gp-at-trust");
    EXPECT_EQ(refused.status, 404);
    EXPECT_EQ(refused.body, absent);
    EXPECT_EQ(send(method, "Observation/" + id, body, "gp-as-clerk").status, 403);
  }
  http::Response there = send("POST", "Observation", note("Observation", ann_), "gp-at-trust");
  EXPECT_EQ(there.status, 201);
  EXPECT_EQ(source_of(there), "-staff-rxx");
  EXPECT_EQ(send("DELETE", "Observation/" + id_in(there), "", kDoctor).status, 404);
  EXPECT_EQ(send("DELETE", "Observation/" + id_in(there), "", "gp-at-trust").status, 204);
  expect_sound();
}

TEST_F(AuthorWriteTest, WritersAtOnceLoseNothing) {
  constexpr int kThreads = 4;
  constexpr int kNotes = 10;
  std::string shared = create("Task", note("Task", ann_), kDoctor);
  std::atomic<int> taken{0};
  std::atomic<int> written{0};
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kNotes; ++i) {
          std::string_view caller = thread % 2 == 0 ? kDoctor : kAnn;
          written += send("POST", "Observation", note("Observation", ann_), caller).status == 201;
          std::string version = "W/\"" + std::to_string(i + 1) + "\"";
          std::string more = R"("language":"l)" + std::to_string(thread * kNotes + i) + "\"";
          taken += send("PUT", "Task/" + shared, note("Task", ann_, more, shared), kDoctor, version)
                       .status == 200;
        }
      });
    }
  }
  EXPECT_EQ(written, kThreads * kNotes);
  EXPECT_EQ(field(get("Task/" + shared, kDoctor), "ETag"),
            "W/\"" + std::to_string(taken + 1) + "\"");
  EXPECT_GE(taken, 1);
  EXPECT_LE(taken, kNotes);
  expect_sound();
}

// When a relationship ends, what was written stays, and is not its author's to change any more.
TEST_F(AuthorWriteTest, WithTheRelationshipTheRightToChangeEnds) {
  std::string id = create("Observation", note("Observation", ann_), kDoctor);
  fixture_.put({"gp", "ann"}, "ann", patient("Smith"), std::string(kAnnNumber) + "|1980-01-31");
  for (std::string_view method : {"PUT", "DELETE"}) {
    size_t before = fixture_.entries().size();
    http::Response response =
        send(method, "Observation/" + id, method == "PUT" ? note("Observation", ann_, "", id) : "",
             kDoctor);
    EXPECT_EQ(response.status, 404) << response.body;
    EXPECT_EQ(fixture_.entries().size(), before + 2);
  }
  EXPECT_EQ(get("Observation/" + id, kAnn).status, 200);
}

TEST_F(AuthorWriteTest, NothingIsWrittenAboutADeletedPatient) {
  fixture_.remove({"gp", "ann"}, fhir::kPatientType, "ann");
  http::Response response = send("POST", "Observation", note("Observation", ann_), kAnn);
  http::Response nobody = send("POST", "Observation", note("Observation", kNobody), kAnn);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, nobody.body);
}

}  // namespace
}  // namespace continuum::api
