// Writing in one's own name: staff and citizens, what they may, and each way round it that is shut.
#include <map>
#include <set>

#include "access/may_write.h"
#include "api/write_fixture_test.h"

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
  // Staff need an author where R4 does, and a Composition must have one.
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

}  // namespace
}  // namespace continuum::api
