#include <gtest/gtest.h>

#include "fhir/search_parameters.h"

namespace continuum::fhir {
namespace {

TEST(Types, NumbersAreStable) {
  EXPECT_EQ(type_number("Patient"), kPatientType);
  EXPECT_EQ(type_number("Account"), TypeNumber{1});
  EXPECT_EQ(type_count(), 146u);
}

}  // namespace
}  // namespace continuum::fhir
