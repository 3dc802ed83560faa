// Who has a relationship with whom, from what their own feeds say; one at a time and all at once.
#include "access/legitimate_relationships.h"

#include <gtest/gtest.h>

#include "record/store_fixture_test.h"

namespace continuum::access {
namespace {

using record::Draw;

constexpr std::string_view kOds = "A81001";
constexpr Instant kToday{int64_t{1'700'000'000} * 1'000'000};  // 2023-11-14

Windows windows() {
  Windows all;
  all.fill({0, 28});
  all[static_cast<size_t>(RelationshipKind::kRegistration)] = {0, 0};
  all[static_cast<size_t>(RelationshipKind::kOutpatient)] = {14, 28};
  return all;
}

Organisation organisation(config::OrganisationKind kind) {
  return {.ods_code = std::string(kOds), .kind = kind, .sources = {1}, .workgroups = {"W1"}};
}

class Relationships : public testing::Test {
 protected:
  Relationships() : store_(record::Engine::kMemory), writer_(store_.writer()) {
    // Source 1 is the organisation's own, source 2 another's.
    EXPECT_TRUE(writer_.put(practice("own", "gp", kOds)));
    EXPECT_TRUE(writer_.put(practice("wrong", "gp", "B00000")));
    EXPECT_TRUE(writer_.put(practice("other", "trust", kOds)));
    EXPECT_TRUE(writer_.put(Draw{.own_id = "p1", .home = "p1", .match = "1|a"}));
    EXPECT_TRUE(writer_.put(Draw{.own_id = "t1", .home = "t1", .match = "1|a", .source = "trust"}));
  }

  static Draw practice(std::string id, std::string source, std::string_view ods) {
    return {
        .type = "Organization",
        .own_id = std::move(id),
        .home = "shared",
        .members =
            R"("identifier":[{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":")" +
            std::string(ods) + "\"}]",
        .source = std::move(source)};
  }
  std::string reference(const Draw& draw) {
    return R"({"reference":"Organization/)" + writer_.id(draw)->id.text() + "\"}";
  }

  std::string kinds_of(const Organisation& organisation, std::string_view home = "p1",
                       std::string_view source = "gp",
                       std::optional<record::T> as_of = std::nullopt) {
    auto view = store_->view();
    LegitimateRelationships relationships(*view, organisation, windows(), kToday, as_of);
    Draw patient{
        .own_id = std::string(home), .home = std::string(home), .source = std::string(source)};
    auto person = view->person_of(*writer_.home(patient), as_of);
    EXPECT_TRUE(person);
    auto live = relationships.with(*person, kEveryRelationship);
    EXPECT_TRUE(live);
    std::string out;
    for (const auto& [kind, name] : kRelationshipKinds) {
      if ((live->kinds & only(kind)) != 0) {
        out += (out.empty() ? "" : " ") + std::string(name);
        EXPECT_TRUE(live->events[static_cast<size_t>(kind)]);
      }
    }
    return out;
  }
  std::string kinds_of(config::OrganisationKind kind) { return kinds_of(organisation(kind)); }

  void put(std::string type, std::string members, const std::string& source = "gp") {
    std::string home = source == "gp" ? "p1" : "t1";
    auto written = writer_.put(Draw{.type = std::move(type),
                                    .own_id = "r" + std::to_string(++number_),
                                    .home = home,
                                    .members = std::move(members),
                                    .source = source});
    ASSERT_TRUE(written) << written.error().text();
  }

  record::TestStore store_;
  record::Writer writer_;
  int number_ = 0;
};

using Kind = config::OrganisationKind;

TEST_F(Relationships, OfAnEpisodeAreByTheKindOfOrganisation) {
  put("EpisodeOfCare", R"("status":"active","period":{"start":"2020-01-01"})");
  EXPECT_EQ(kinds_of(Kind::kGpPractice), "registration");
  EXPECT_EQ(kinds_of(Kind::kSocialCare), "social-care");
  EXPECT_EQ(kinds_of(Kind::kMentalHealth), "caseload");
}

TEST_F(Relationships, NeedNoOtherSourceNorItsWord) {
  put("EpisodeOfCare", R"("status":"active","period":{"start":"2020-01-01"})", "trust");
  EXPECT_EQ(kinds_of(Kind::kGpPractice), "");
  put("EpisodeOfCare",
      R"("status":"active","period":{"start":"2020-01-01"},"managingOrganization":)" +
          reference(practice("own", "gp", kOds)),
      "trust");
  EXPECT_EQ(kinds_of(Kind::kGpPractice), "");
}

TEST_F(Relationships, ReachThePersonInAllTheirSourcePatients) {
  put("EpisodeOfCare", R"("status":"active","period":{"start":"2020-01-01"})");
  EXPECT_EQ(kinds_of(organisation(Kind::kGpPractice), "t1", "trust"), "registration");
}

TEST_F(Relationships, CountOnlyWhenTheOrganisationNamedIsTheirOwn) {
  auto episode = [&](const std::string& managing) {
    put("EpisodeOfCare", R"("status":"active","period":{"start":"2020-01-01"},)" + managing);
    return kinds_of(Kind::kGpPractice);
  };
  EXPECT_EQ(episode(R"("managingOrganization":)" + reference(practice("wrong", "gp", "B00000"))),
            "");
  // It carries the code, and another source says so.
  EXPECT_EQ(episode(R"("managingOrganization":)" + reference(practice("other", "trust", kOds))),
            "");
  EXPECT_EQ(episode(R"("managingOrganization":{"display":"ours"})"), "");
  EXPECT_EQ(episode(R"("managingOrganization":{"reference":"Organization/unknown"})"), "");
  EXPECT_EQ(episode(R"("managingOrganization":{"identifier":{"system":"other","value":"A81001"}})"),
            "");
  EXPECT_EQ(episode(R"("managingOrganization":)" + reference(practice("own", "gp", kOds))),
            "registration");
}

TEST_F(Relationships, OfAGeneralPractitionerNeedTheNameAndAPractice) {
  ASSERT_TRUE(writer_.put(
      Draw{.members = R"("generalPractitioner":[)" + reference(practice("own", "gp", kOds)) + "]",
           .match = "1|a"}));
  EXPECT_EQ(kinds_of(Kind::kGpPractice), "registration");
  EXPECT_EQ(kinds_of(Kind::kAcuteTrust), "");
}

TEST_F(Relationships, OfAReferralNeedThePerformer) {
  put("ServiceRequest", R"("status":"active","authoredOn":"2023-11-01","performer":[)" +
                            reference(practice("wrong", "gp", "B00000")) + "]");
  EXPECT_EQ(kinds_of(Kind::kAcuteTrust), "");
  put("ServiceRequest",
      R"("status":"active","authoredOn":"2023-11-01","performer":[{"identifier":{"system":
         "https://fhir.nhs.uk/Id/ods-organization-code","value":"A81001"}}])");
  EXPECT_EQ(kinds_of(Kind::kAcuteTrust), "referral");
}

TEST_F(Relationships, OfATeamAreItsMembers) {
  put("CareTeam",
      R"("status":"active","period":{"start":"2020-01-01"},"identifier":[{"value":"W2"}])");
  EXPECT_EQ(kinds_of(Kind::kCommunity), "");
  put("CareTeam",
      R"("status":"active","period":{"start":"2020-01-01"},"identifier":[{"value":"W1"}])");
  EXPECT_EQ(kinds_of(Kind::kCommunity), "caseload");
}

// Days around today, 2023-11-14, at both ends of each window.
TEST_F(Relationships, LastAsLongAsTheirWindows) {
  struct Row {
    const char* encounter_class;
    const char* start;
    const char* end;
    const char* kinds;
  };
  const Row rows[] = {
      {"IMP", "2023-10-01", "2023-10-16", ""},  // ended 29 days ago
      {"IMP", "2023-10-01", "2023-10-17", "admission"},
      {"EMER", "2023-10-16", "2023-10-16", "admission"},
      {"EMER", "2023-10-17", "2023-10-17", "admission emergency"},
      {"IMP", "2023-11-15", "2023-11-16", "admission emergency"},
      {"AMB", "2023-11-29", "2023-11-29", "admission emergency"},
      {"AMB", "2023-11-28", "2023-11-28", "admission emergency outpatient"},
  };
  for (const Row& row : rows) {
    put("Encounter", R"("status":"finished","class":{"code":")" + std::string(row.encounter_class) +
                         R"("},"period":{"start":")" + row.start + R"(","end":")" + row.end +
                         "\"}");
    EXPECT_EQ(kinds_of(Kind::kAcuteTrust), row.kinds) << row.start << " " << row.end;
  }
}

TEST_F(Relationships, AsOfACommitAreThoseOfThen) {
  auto before = store_->view()->stable_t();
  put("EpisodeOfCare", R"("status":"active","period":{"start":"2020-01-01"})");
  auto then = store_->view()->stable_t();
  ASSERT_TRUE(writer_.remove(Draw{.type = "EpisodeOfCare", .own_id = "r1"}));
  auto practice = organisation(Kind::kGpPractice);
  EXPECT_EQ(kinds_of(practice), "");
  EXPECT_EQ(kinds_of(practice, "p1", "gp", before), "");
  EXPECT_EQ(kinds_of(practice, "p1", "gp", then), "registration");
}

// Set form and item form, over random people.
TEST(RelationshipSets, HoldThoseWhoHaveThemOneByOne) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    record::TestStore store(record::Engine::kMemory);
    record::Writer writer = store.writer();
    std::vector<record::Ord> ords;
    for (int i = 0; i < 24; ++i) {
      Draw patient{.own_id = "p" + std::to_string(i), .home = "p" + std::to_string(i)};
      patient.source = random.below(3) == 0 ? "trust" : "gp";
      patient.match = random.below(4) == 0 ? "" : std::to_string(random.below(10)) + "|d";
      ASSERT_TRUE(writer.put(patient));
      ords.push_back(*writer.home(patient));
      for (uint64_t events = random.below(3); events > 0; --events) {
        const char* classes[] = {"IMP", "EMER", "AMB"};
        ASSERT_TRUE(
            writer.put(Draw{.type = "Encounter",
                            .own_id = "e" + std::to_string(i) + "-" + std::to_string(events),
                            .home = patient.home,
                            .members = R"("status":"finished","class":{"code":")" +
                                       std::string(classes[random.below(3)]) +
                                       R"("},"period":{"start":"2023-09-01","end":"2023-1)" +
                                       (random.below(2) == 0 ? "0-01" : "1-01") + "\"}",
                            .source = patient.source}));
      }
    }
    auto view = store->view();
    LegitimateRelationships relationships(*view, organisation(Kind::kAcuteTrust), windows(),
                                          kToday);
    auto sets = relationships.everybody();
    ASSERT_TRUE(sets);
    uint64_t members = 0;
    for (record::Ord ord : ords) {
      auto person = view->person_of(ord);
      ASSERT_TRUE(person);
      auto live = relationships.with(*person, kEveryRelationship);
      ASSERT_TRUE(live);
      for (const auto& [kind, name] : kRelationshipKinds) {
        bool is_in = (*sets)[static_cast<size_t>(kind)].contains(ord);
        EXPECT_EQ(is_in, (live->kinds & only(kind)) != 0) << name << " " << ord.value();
        members += is_in ? 1 : 0;
      }
    }
    EXPECT_GT(members, 0U);
  }
}

}  // namespace
}  // namespace continuum::access
