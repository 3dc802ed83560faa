#include "fhir/timeline.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace continuum::fhir {
namespace {

using Texts = std::vector<std::string>;

TEST(Timeline, ClinicalTimeComesFirst) {
  auto codes = [](std::string_view type) {
    Texts out;
    for (ParameterNumber number : timeline_parameters(*type_number(type))) {
      out.emplace_back(parameter(number).code);
    }
    return out;
  };
  EXPECT_EQ(codes("Observation"), Texts{"date"});
  EXPECT_EQ(codes("Condition"), (Texts{"onset-date", "recorded-date"}));
  EXPECT_EQ(codes("Encounter"), Texts{"date"});
  EXPECT_EQ(codes("Patient"), Texts{});
  EXPECT_EQ(codes("Organization"), Texts{});
}

}  // namespace
}  // namespace continuum::fhir
