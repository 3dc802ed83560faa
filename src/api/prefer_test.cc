#include "api/prefer.h"

#include <gtest/gtest.h>

#include <string>

#include "api/limits.h"

namespace continuum::api {
namespace {

constexpr Preferences kNone;
constexpr Preferences kMinimal{.returns = PreferReturn::kMinimal, .handling = {}};
constexpr Preferences kRepresentation{.returns = PreferReturn::kRepresentation, .handling = {}};
constexpr Preferences kOutcome{.returns = PreferReturn::kOperationOutcome, .handling = {}};
constexpr Preferences kStrict{.returns = {}, .handling = PreferHandling::kStrict};
constexpr Preferences kLenient{.returns = {}, .handling = PreferHandling::kLenient};
constexpr Preferences kAsync{.returns = {}, .handling = {}, .respond_async = true};
constexpr Preferences kAll{
    .returns = PreferReturn::kMinimal, .handling = PreferHandling::kStrict, .respond_async = true};

TEST(Prefer, Table) {
  struct Row {
    std::string_view field;
    Preferences preferences;
  };
  for (const Row& row : {
           Row{"", kNone},
           Row{" ", kNone},
           Row{",,", kNone},
           Row{"return=minimal", kMinimal},
           Row{"return=representation", kRepresentation},
           Row{"return=OperationOutcome", kOutcome},
           Row{"handling=strict", kStrict},
           Row{"handling=lenient", kLenient},
           Row{"respond-async", kAsync},
           Row{"return=minimal, handling=strict, respond-async", kAll},
           Row{"respond-async,handling=strict,return=minimal", kAll},
           Row{",return=minimal,,handling=strict , ,\trespond-async\t", kAll},
           // Names without case, values with it.
           Row{"Return=minimal", kMinimal},
           Row{"HANDLING=strict", kStrict},
           Row{"Respond-Async", kAsync},
           Row{"return=Minimal", kNone},
           Row{"return=operationoutcome", kNone},
           // Quoted values, spaces around '='.
           Row{"return=\"minimal\"", kMinimal},
           Row{"return=\"min\\imal\"", kMinimal},
           Row{"return = minimal", kMinimal},
           Row{"return\t=\t\"representation\" ", kRepresentation},
           // Parameters are passed over, with whatever quoted commas they have.
           Row{"return=minimal; a=b", kMinimal},
           Row{"return=minimal;a=\"x, handling=strict\"", kMinimal},
           Row{"return=minimal;a=\"x\\\", handling=strict, b\"", kMinimal},
           Row{"respond-async; wait=10, handling=strict",
               {.returns = {}, .handling = PreferHandling::kStrict, .respond_async = true}},
           Row{"respond-async;", kAsync},
           // The first counts.
           Row{"return=minimal, return=representation", kMinimal},
           Row{"return=unknown, return=minimal", kNone},
           Row{"return, return=minimal", kNone},
           Row{"handling=lenient, Handling=strict", kLenient},
           // An empty value says the same as none.
           Row{"respond-async=\"\"", kAsync},
           Row{"respond-async=", kAsync},
           Row{"return=", kNone},
           // Unknown: ignored.
           Row{"wait=100, return=minimal", kMinimal},
           Row{"x-mine=\"a, return=representation\", return=minimal", kMinimal},
           Row{"depth-noroot, handling=strict", kStrict},
           Row{"respond-async=yes", kNone},
           // Malformed: that member only, unless its quotes swallow the rest.
           Row{"=minimal, handling=strict", kStrict},
           Row{"return minimal, handling=strict", kStrict},
           Row{"return=minimal representation, handling=strict", kStrict},
           Row{"return=minimal x, return=representation", kRepresentation},
           Row{"return=min/imal, handling=strict", kStrict},
           Row{"return=\"minimal, handling=strict", kNone},
           Row{"handling=strict, return=\"minimal", kStrict},
           Row{"handling=strict, return=\"minimal\\", kStrict},
           Row{"re\xC3\xA9turn=minimal", kNone},
           Row{"return==minimal", kNone},
       }) {
    EXPECT_EQ(parse_prefer(row.field), row.preferences) << row.field;
  }
}

TEST(Prefer, LooksAtSoManyMembers) {
  const std::string commas(kPreferencesMax - 1, ',');
  EXPECT_EQ(parse_prefer(commas + "return=minimal"), kMinimal);
  EXPECT_EQ(parse_prefer(commas + ",return=minimal"), kNone);
}

}  // namespace
}  // namespace continuum::api
