// Who is who: references, conditions, identities and homes.
#include "service/load/catalogue.h"

#include "service/load/load_fixture.h"

namespace continuum::service {
namespace {

class References : public LoadFixture {};
class Conditions : public LoadFixture {};
class Identities : public LoadFixture {};
class Homes : public LoadFixture {};

constexpr const char* kPost = R"({"method":"POST","url":"X"})";

std::string if_none_exist(std::string_view query) {
  return R"({"method":"POST","url":"X","ifNoneExist":")" + std::string(query) + "\"}";
}

std::string organization(std::string_view id, std::string_view value, std::string_view name = "n") {
  return R"({"resourceType":"Organization","id":")" + std::string(id) + R"(","name":")" +
         std::string(name) + R"(","identifier":[{"system":"ods","value":")" + std::string(value) +
         "\"}]}";
}

TEST(ParseIdentifierCriteria, UnderstandsOneIdentifierWithSystemAndValue) {
  auto criteria = parse_identifier_criteria(3, "identifier=http://a/b%7Cx%20y");
  ASSERT_TRUE(criteria);
  EXPECT_EQ(criteria->type, 3);
  EXPECT_EQ(criteria->system, "http://a/b");
  EXPECT_EQ(criteria->value, "x y");
  EXPECT_TRUE(parse_identifier_criteria(3, "Organization?identifier=a|b"));
  for (const char* query : {"", "identifier=a", "identifier=|a", "identifier=a|", "name=a|b",
                            "identifier=a|b&name=c", "identifier=a|b,c|d"}) {
    EXPECT_FALSE(parse_identifier_criteria(3, query)) << query;
  }
}

TEST_F(References, ResolveInAnyFormAndOrder) {
  // Files are read by name; what is referred to comes before and after.
  write("/in/a.json",
        bundle("transaction", {entry(observation("o1", "urn:uuid:p"), "", kPost),
                               entry(observation("o2", "Patient/p1"), "", kPost),
                               entry(observation("o3", "http://gp/fhir/Patient/p1"), "", kPost),
                               entry(observation("o4", "Patient?identifier=nhs|1"), "", kPost)}));
  write("/in/b.json", bundle("batch", {entry(patient("p1", R"(,"identifier":[{"system":"nhs",)"
                                                           R"("value":"1"}])"),
                                             "urn:uuid:p", kPost)}));
  write("/in/c.json", bundle("collection", {entry(patient("p1", R"(,"identifier":[{"system":"nhs",)"
                                                                R"("value":"1"}])"),
                                                  "http://gp/fhir/Patient/p1")}));
  LoadReport report = load_paths({"/in"});
  EXPECT_TRUE(report.refusals.empty());
  EXPECT_EQ(report.unresolved_count, 0U);
  for (const char* name :
       {"Observation/o1", "Observation/o2", "Observation/o3", "Observation/o4"}) {
    EXPECT_EQ(member(name, "subject.reference"), regional("Patient/p1")) << name;
    EXPECT_TRUE(is_with(name, "Patient/p1")) << name;
  }
  expect_sound();
}

TEST_F(References, ThatNameNothingStayAsTheyAreAndAreListed) {
  LoadReport report = load_text(bundle(
      "collection",
      {entry(patient("p1")),
       entry(observation("o1", "Patient/p1", "final",
                         R"(,"performer":[{"reference":"Practitioner/absent"},)"
                         R"({"reference":"urn:uuid:absent"},{"reference":"#here"},)"
                         R"({"reference":"http://else/Practitioner/1"},)"
                         R"({"reference":"Practitioner?name=x"},{"reference":"nonsense"}])"))}));
  EXPECT_EQ(report.unresolved_count, 5U);
  ASSERT_EQ(report.unresolved.size(), 5U);
  EXPECT_EQ(report.unresolved[0].entry, 2U);
  std::string stored = body("Observation/o1");
  for (const char* text : {"Practitioner/absent", "urn:uuid:absent", "#here",
                           "http://else/Practitioner/1", "Practitioner?name=x", "nonsense"}) {
    EXPECT_NE(stored.find("\"" + std::string(text) + "\""), std::string::npos) << text;
  }
}

TEST_F(References, ToAVersionStayAsTheyAre) {
  LoadReport report = load_text(bundle(
      "collection", {entry(patient("p1")), entry(observation("o1", "Patient/p1/_history/2"))}));
  EXPECT_EQ(member("Observation/o1", "subject.reference"), "Patient/p1/_history/2");
  EXPECT_TRUE(is_with("Observation/o1", "Patient/p1"));
  EXPECT_EQ(report.unresolved_count, 1U);
}

TEST_F(References, InsideABundleMeanTheBundle) {
  // Both senders number their entries from 1.
  write("/in/a.json", bundle("message", {entry(patient("a"), "urn:uuid:1"),
                                         entry(observation("oa", "urn:uuid:1"), "urn:uuid:2")}));
  write("/in/b.json", bundle("message", {entry(patient("b"), "urn:uuid:1"),
                                         entry(observation("ob", "urn:uuid:1"), "urn:uuid:2")}));
  write("/in/c.json", observation("oc", "urn:uuid:1"));
  LoadReport report = load_paths({"/in"});
  EXPECT_TRUE(is_with("Observation/oa", "Patient/a"));
  EXPECT_TRUE(is_with("Observation/ob", "Patient/b"));
  EXPECT_EQ(member("Observation/oa", "subject.reference"), regional("Patient/a"));
  EXPECT_EQ(member("Observation/ob", "subject.reference"), regional("Patient/b"));
  // From outside it names two.
  EXPECT_TRUE(is_quarantined("Observation/oc"));
  EXPECT_EQ(member("Observation/oc", "subject.reference"), "urn:uuid:1");
  expect_nothing_new(load_paths({"/in"}));
}

TEST_F(References, StayWithinTheSource) {
  load_text(patient("p1"), "other");
  load_text(observation("o1", "Patient/p1"));
  EXPECT_TRUE(is_quarantined("Observation/o1"));
  EXPECT_EQ(member("Observation/o1", "subject.reference"), "Patient/p1");
}

TEST_F(References, ReachWhatWasLoadedBefore) {
  load_text(patient("p1", R"(,"identifier":[{"system":"nhs","value":"1"}])"));
  load_text(observation("o1", "Patient/p1"));
  load_text(observation("o2", "Patient?identifier=nhs|1"));
  EXPECT_TRUE(is_with("Observation/o1", "Patient/p1"));
  EXPECT_TRUE(is_with("Observation/o2", "Patient/p1"));
  EXPECT_EQ(member("Observation/o2", "subject.reference"), regional("Patient/p1"));
}

TEST_F(References, ThatNameSeveralNameNone) {
  load_text(patient("p1", R"(,"identifier":[{"system":"nhs","value":"1"}])"));
  load_text(bundle("collection", {entry(patient("p2", R"(,"identifier":[{"system":"nhs",)"
                                                      R"("value":"1"}])")),
                                  entry(observation("o1", "Patient?identifier=nhs|1"))}));
  EXPECT_TRUE(is_quarantined("Observation/o1"));
  EXPECT_EQ(member("Observation/o1", "subject.reference"), "Patient?identifier=nhs|1");
}

TEST_F(References, OfAttachmentsLeadToBinaries) {
  load_text(bundle(
      "collection",
      {entry(patient("p1")),
       entry(R"({"resourceType":"Binary","id":"b1","securityContext":{"reference":"Patient/p1"}})"),
       entry(
           R"({"resourceType":"DocumentReference","id":"d1","subject":{"reference":"Patient/p1"},)"
           R"("content":[{"attachment":{"url":"Binary/b1"}}]})")}));
  EXPECT_EQ(member("DocumentReference/d1", "content.attachment.url"), regional("Binary/b1"));
}

TEST_F(References, InBundlesKeptWholeStayAsTheyWere) {
  std::string text = bundle("document", {entry(patient("p1"), "urn:uuid:1"),
                                         entry(observation("o1", "urn:uuid:1"), "urn:uuid:2")});
  text.insert(1, R"("id":"doc",)");
  load_text(text);
  EXPECT_NE(body("Bundle/doc").find(R"("reference":"urn:uuid:1")"), std::string::npos);
  EXPECT_EQ(member("Observation/o1", "subject.reference"), regional("Patient/p1"));
}

TEST_F(Conditions, TheFirstCreatesAndOthersBecomeNamesForIt) {
  auto one = [](std::string_view id) {
    return entry(organization(id, "A81001", id), "urn:uuid:" + std::string(id),
                 if_none_exist("identifier=ods|A81001"));
  };
  write("/in/a.json",
        bundle("transaction", {one("x"), entry(patient("p1", R"(,)"
                                                             R"("managingOrganization":)"
                                                             R"({"reference":"urn:uuid:x"})"),
                                               "", kPost)}));
  write("/in/b.json",
        bundle("transaction", {one("y"), entry(patient("p2", R"(,)"
                                                             R"("managingOrganization":)"
                                                             R"({"reference":"urn:uuid:y"})"),
                                               "", kPost)}));
  LoadReport report = load_paths({"/in"});
  EXPECT_EQ(report.counts.created, 3U);
  EXPECT_EQ(report.counts.same, 1U);
  EXPECT_EQ(member("Organization/x", "name"), "x");
  EXPECT_FALSE(located("Organization/y"));
  EXPECT_EQ(member("Patient/p1", "managingOrganization.reference"), regional("Organization/x"));
  EXPECT_EQ(member("Patient/p2", "managingOrganization.reference"), regional("Organization/x"));
  LoadReport again = load_paths({"/in"});
  expect_nothing_new(again);
  EXPECT_EQ(again.counts.same, 2U);
  expect_nothing_new(load_paths({"/in/b.json"}));
  expect_sound();
}

TEST_F(Conditions, AreForgottenWhenTheSameEntryComesAgainChanged) {
  write("/in/a.json", bundle("batch", {entry(organization("x", "1", "old"), "",
                                             if_none_exist("identifier=ods|1"))}));
  load_paths({"/in"});
  write("/in/a.json", bundle("batch", {entry(organization("x", "1", "new"), "",
                                             if_none_exist("identifier=ods|1"))}));
  EXPECT_EQ(load_paths({"/in"}).counts.same, 1U);
  EXPECT_EQ(member("Organization/x", "name"), "old");
}

TEST_F(Conditions, PreferWhatComesWithoutCondition) {
  write("/in/a.json", bundle("batch", {entry(organization("x", "1"), "urn:uuid:x",
                                             if_none_exist("identifier=ods|1"))}));
  write("/in/b.json", organization("y", "1"));
  LoadReport report = load_paths({"/in"});
  EXPECT_EQ(report.counts.created, 1U);
  EXPECT_EQ(report.counts.same, 1U);
  EXPECT_TRUE(located("Organization/y"));
  EXPECT_FALSE(located("Organization/x"));
  expect_nothing_new(load_paths({"/in"}));
}

TEST_F(Conditions, WorkWhenTheResourceLacksTheIdentifier) {
  const char* bare = R"({"resourceType":"Organization","name":"n"})";
  LoadReport report =
      load_text(bundle("batch", {entry(bare, "urn:uuid:1", if_none_exist("identifier=ods|1")),
                                 entry(bare, "urn:uuid:2", if_none_exist("identifier=ods|1"))}));
  EXPECT_EQ(report.counts.created, 1U);
  EXPECT_EQ(report.counts.same, 1U);
}

TEST_F(Conditions, SeveralMatchesAreRefused) {
  write("/in/a.json", organization("x", "1"));
  write("/in/b.json", organization("y", "1"));
  write("/in/c.json", bundle("transaction", {entry(patient("p"), "", kPost),
                                             entry(organization("z", "1"), "",
                                                   if_none_exist("identifier=ods|1"))}));
  EXPECT_EQ(refusals(load_paths({"/in"})),
            Texts({"in/c.json:0:1 conflict", "in/c.json:0:2 precondition_failed"}));
  EXPECT_FALSE(located("Patient/p"));
}

TEST_F(Conditions, NeverLeadToWhatIsRefused) {
  // The first to ask is refused with its transaction: the second must create.
  write("/in/a.json",
        bundle("transaction",
               {entry(organization("x", "1"), "urn:uuid:x", if_none_exist("identifier=ods|1")),
                entry(organization("z", "2"), "", if_none_exist("identifier=ods|2"))}));
  write("/in/b.json", bundle("transaction", {entry(organization("y", "1"), "urn:uuid:y",
                                                   if_none_exist("identifier=ods|1"))}));
  write("/in/c.json", organization("c1", "2"));
  write("/in/d.json", organization("c2", "2"));
  LoadReport report = load_paths({"/in"});
  EXPECT_EQ(report.refusals.size(), 2U);
  EXPECT_FALSE(located("Organization/x"));
  EXPECT_TRUE(located("Organization/y"));
}

TEST_F(Conditions, OtherSearchesAreRefused) {
  LoadReport report =
      load_text(bundle("batch", {entry(organization("x", "1"), "", if_none_exist("name=n"))}));
  EXPECT_EQ(refusals(report), Texts({"a.json:0:1 unsupported"}));
}

TEST_F(Identities, AreTheIdTheFullUrlOrTheContent) {
  const char* nameless = R"({"resourceType":"Patient","gender":"other"})";
  LoadReport report = load_text(
      bundle("collection", {entry(patient("1"), "urn:uuid:f"), entry(nameless, "urn:uuid:u"),
                            entry(nameless, "http://gp/fhir/Patient/2"),
                            entry(nameless, "odd:thing"), entry(nameless), entry(nameless)}));
  EXPECT_EQ(report.counts.created, 5U);
  EXPECT_EQ(report.counts.unchanged, 1U);
  for (const char* name :
       {"Patient/1", "Patient/u", "Patient/http://gp/fhir/Patient/2", "Patient/odd:thing"}) {
    EXPECT_TRUE(located(name)) << name;
  }
}

// Wrong person: one id that a source uses for two people must never become versions of one Patient.
TEST_F(Identities, OneIdForTwoPeopleIsRefused) {
  const char* ann = R"({"resourceType":"Patient","id":"1","birthDate":"1980-01-31",)"
                    R"("identifier":[{"system":"h","value":"ann"}]})";
  const char* bob = R"({"resourceType":"Patient","id":"1","birthDate":"1990-05-05",)"
                    R"("identifier":[{"system":"h","value":"bob"}]})";
  LoadReport both = load_text(bundle("collection", {entry(ann), entry(bob)}));
  EXPECT_EQ(both.counts.created, 1U);
  EXPECT_EQ(refusals(both), Texts({"a.json:0:2 conflict"}));
  LoadReport later = load_text(bob);
  EXPECT_EQ(later.counts.updated, 0U);
  EXPECT_EQ(refusals(later), Texts({"a.json:0:0 conflict"}));
}

TEST_F(Identities, OfEntriesAndTheirUuidAreOne) {
  load_text(bundle("collection", {entry(R"({"resourceType":"Patient"})", "urn:uuid:abc")}));
  LoadReport report = load_text(patient("abc", R"(,"gender":"other")"));
  EXPECT_EQ(report.counts.updated, 1U);
}

TEST_F(Identities, OfAPutAreThoseOfItsUrl) {
  auto put = [](std::string_view url) {
    return R"({"method":"PUT","url":")" + std::string(url) + "\"}";
  };
  LoadReport report =
      load_text(bundle("batch", {entry(patient("1"), "", put("Patient/1")),
                                 entry(patient("2"), "", put("Patient/3")),
                                 entry(R"({"resourceType":"Patient"})", "", put("Patient/4"))}));
  EXPECT_EQ(refusals(report), Texts({"a.json:0:2 invalid", "a.json:0:3 invalid"}));
}

TEST_F(Identities, OfBadResourcesAreRefused) {
  LoadReport report = load_text(
      bundle("collection", {entry("[]"), entry("{}"), entry(R"({"resourceType":"Patents"})"),
                            entry(patient("a_b")), entry(R"({"resourceType":"Patient","id":1})"),
                            entry(R"({"resourceType":"Patient","meta":1})"),
                            entry(R"({"resourceType":"Patient","meta":{"extension":1}})"),
                            entry(R"({"resourceType":"Patient","id":"ok"})"),
                            entry(R"({"resourceType":"Patient","gender":"a","gender":"b"})")}));
  EXPECT_EQ(report.refusals.size(), 8U);
  for (const LoadRefusal& refusal : report.refusals) {
    EXPECT_EQ(refusal.error.code, ErrorCode::kInvalid) << refusal.entry;
  }
  EXPECT_TRUE(located("Patient/ok"));
}

TEST_F(Homes, LeadThroughOtherResources) {
  LoadReport report = load_text(bundle(
      "collection",
      {entry(R"({"resourceType":"Provenance","id":"v","target":[{"reference":"Observation/o"}]})"),
       entry(R"({"resourceType":"Observation","id":"o","encounter":{"reference":"Encounter/e"}})"),
       entry(R"({"resourceType":"Encounter","id":"e","subject":{"reference":"Patient/p"}})"),
       entry(patient("p"))}));
  EXPECT_EQ(report.counts.quarantined, 0U);
  EXPECT_TRUE(is_with("Encounter/e", "Patient/p"));
  EXPECT_TRUE(is_with("Observation/o", "Patient/p"));
  EXPECT_TRUE(is_with("Provenance/v", "Patient/p"));
}

TEST_F(Homes, OfSharedTypesAreForEveryone) {
  load_text(organization("x", "1"));
  EXPECT_TRUE(located("Organization/x")->key.ord.is_shared());
}

TEST_F(Homes, AreMissingForContainedUnknownAndCircularPatients) {
  LoadReport report = load_text(bundle(
      "collection",
      {entry(R"({"resourceType":"Observation","id":"c","subject":{"reference":"#p"},)"
             R"("contained":[{"resourceType":"Patient","id":"p"}]})"),
       entry(observation("u", "Patient/absent")),
       entry(R"({"resourceType":"Observation","id":"n"})"),
       entry(R"({"resourceType":"Observation","id":"a","encounter":{"reference":"Encounter/b"}})"),
       entry(R"({"resourceType":"Encounter","id":"b","partOf":{"reference":"Encounter/b"}})"),
       entry(patient("p"))}));
  EXPECT_EQ(report.counts.quarantined, 5U);
  for (const char* name : {"Observation/c", "Observation/u", "Observation/n", "Observation/a"}) {
    EXPECT_TRUE(is_quarantined(name)) << name;
  }
}

TEST_F(Homes, AreThoseOfTheFirstNamed) {
  // The second participant is known; the first, whom it is about, is not.
  load_text(bundle(
      "collection",
      {entry(patient("mother")),
       entry(
           R"({"resourceType":"Appointment","id":"a","participant":[)"
           R"({"actor":{"reference":"Patient/child"}},{"actor":{"reference":"Patient/mother"}}]})")}));
  EXPECT_TRUE(is_quarantined("Appointment/a"));
}

TEST_F(Homes, LookPastUrnsThatNameSharedResources) {
  load_text(bundle(
      "message",
      {entry(R"({"resourceType":"MessageHeader","id":"h","focus":[{"reference":"urn:uuid:org"},)"
             R"({"reference":"urn:uuid:order"}]})",
             "urn:uuid:h"),
       entry(R"({"resourceType":"ServiceRequest","id":"s","subject":{"reference":"urn:uuid:p"}})",
             "urn:uuid:order"),
       entry(organization("x", "1"), "urn:uuid:org"), entry(patient("p"), "urn:uuid:p")}));
  EXPECT_TRUE(is_with("MessageHeader/h", "Patient/p"));
}

TEST_F(Homes, NeverChange) {
  write("/in/a.json", bundle("collection", {entry(patient("p1")), entry(patient("p2"))}));
  write("/in/b.json", observation("o", "Patient/p1"));
  load_paths({"/in"});
  EXPECT_EQ(refusals(load_text(observation("o", "Patient/p2"))), Texts({"a.json:0:0 unsupported"}));
  // Nor within a load, nor to somebody unknown; but an update may leave them unsaid.
  write("/in/c.json", observation("o", "Patient/p2"));
  write("/in/d.json", observation("o", "Patient/absent"));
  write("/in/e.json", R"({"resourceType":"Observation","id":"o","status":"amended"})");
  EXPECT_EQ(refusals(load_paths({"/in"})),
            Texts({"in/c.json:0:0 unsupported", "in/d.json:0:0 unsupported"}));
  EXPECT_EQ(statuses("Observation/o"), Texts({"final", "amended"}));
  reopen();
  EXPECT_EQ(refusals(load_paths({"/in"})),
            Texts({"in/c.json:0:0 unsupported", "in/d.json:0:0 unsupported"}));
  EXPECT_TRUE(is_with("Observation/o", "Patient/p1"));
  expect_sound();
}

}  // namespace
}  // namespace continuum::service
