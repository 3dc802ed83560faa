// Items of another source in a patient's record: kept, found, erased with it; telling of no care.
#include <algorithm>

#include "record/store_fixture_test.h"

namespace continuum::record {
namespace {

class OtherSource : public testing::TestWithParam<Engine> {
 protected:
  OtherSource() {
    EXPECT_TRUE(writer_.put(Draw{}));
    ord_ = *writer_.home(Draw{});
  }

  // What another source writes of the patient of "gp".
  Status prepare(std::string_view type, std::string_view members, Prepared& out,
                 std::string_view own_id = "x") {
    TRY(SourceNumber source, store_->register_source("-citizen"));
    fhir::TypeNumber number = *fhir::type_number(type);
    ResourceKey id{number, {ord_.bucket(), store_->id_minter().hash("-citizen", number, own_id)}};
    json::Document document;
    TRY(document.parse(R"({"resourceType":")" + std::string(type) + "\"," + std::string(members) +
                       "}"));
    Canonical canonical;
    TRY(canonicalise(document, *document.root(), id.id.text(), "-citizen", canonical));
    return store_->prepare({id, ord_, source, own_id, &canonical, document.root(), {}, {}}, out);
  }

  TestStore store_{GetParam()};
  Writer writer_{*store_};
  Ord ord_;
};
INSTANTIATE_TEST_SUITE_P(Engines, OtherSource, testing::Values(Engine::kMemory, Engine::kRocks),
                         [](const auto& info) { return name_of(info.param); });

TEST_P(OtherSource, KeepsItsItemsInTheRecord) {
  Prepared item;
  ASSERT_TRUE(prepare("Observation", R"("code":{"coding":[{"code":"1"}]})", item));
  ASSERT_TRUE(store_->commit({&item, 1}));
  auto located = store_->view()->find(item.key.type, item.id.hash);
  ASSERT_TRUE(located && *located);
  EXPECT_EQ((*located)->key.ord, ord_);
  EXPECT_EQ((*located)->source, item.source);
  // The patient is still that of the first.
  EXPECT_EQ(store_->view()->source_patient(ord_)->source, *store_->register_source("gp"));
  EXPECT_EQ(writer_.scan(ord_).size(), 2U);
  EXPECT_EQ(writer_.findings(), std::vector<std::string>{});
  store_.reopen();
  EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{});
}

TEST_P(OtherSource, TellsNothingOfCare) {
  for (auto [type, members] :
       {std::pair("Encounter", R"("status":"in-progress","class":{"code":"IMP"})"),
        std::pair("EpisodeOfCare", R"("status":"active")"),
        std::pair("Appointment", R"("status":"booked")"),
        std::pair("ServiceRequest", R"("status":"active")"),
        std::pair("CareTeam", R"("status":"active")")}) {
    Prepared item;
    Status prepared = prepare(type, members, item);
    ASSERT_FALSE(prepared) << type;
    EXPECT_EQ(prepared.error().code, ErrorCode::kInvalid);
  }
  EXPECT_EQ(writer_.findings(), std::vector<std::string>{});
}

TEST_P(OtherSource, IsErasedWithTheRecord) {
  Prepared item;
  ASSERT_TRUE(prepare("Observation", R"("code":{"coding":[{"code":"1"}]})", item));
  ASSERT_TRUE(store_->commit({&item, 1}));
  ASSERT_TRUE(prepare("Observation", R"("code":{"coding":[{"code":"2"}]})", item));
  ASSERT_TRUE(store_->commit({&item, 1}));
  ResourceKey id{item.key.type, {ord_.bucket(), item.id.hash}};
  auto plan = store_->plan_erasure(ord_);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->types.at(item.key.type).versions, 2U);
  ASSERT_TRUE(store_->erase({.ord = ord_, .state = plan->state, .by = "me", .reason = "test"}, {}));
  EXPECT_FALSE(store_->view()->locate(id));
  EXPECT_FALSE(store_->view()->read(item.key));
  EXPECT_TRUE(writer_.scan(ord_).empty());
  EXPECT_EQ(writer_.findings(), std::vector<std::string>{});
}

// As if a defect had let it through.
TEST_P(OtherSource, IsFoundByACheckWhereItMayNotBe) {
  Draw stay = {.type = "Encounter",
               .own_id = "e1",
               .members = R"("status":"in-progress","class":{"code":"IMP"})"};
  Prepared item;
  ASSERT_TRUE(writer_.prepare(stay, item));
  item.source = item.header.source = *store_->register_source("-citizen");
  ASSERT_TRUE(store_->commit({&item, 1}));
  auto findings = writer_.findings();
  EXPECT_TRUE(std::any_of(findings.begin(), findings.end(), [](const std::string& finding) {
    return finding.find("another source wrote it") != std::string::npos;
  }));
}

}  // namespace
}  // namespace continuum::record
