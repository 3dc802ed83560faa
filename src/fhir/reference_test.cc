#include "fhir/reference.h"

#include <gtest/gtest.h>

#include <string>

namespace continuum::fhir {
namespace {

using enum ReferenceKind;

struct Row {
  std::string text;
  ReferenceKind kind;
  const char* type = "";
  const char* id = "";
  const char* version = "";
  const char* rest = "";  // base or query
};

const std::string kLongestId(64, 'a');

// clang-format off
const Row kRows[] = {
    {"Patient/1",                     kRelative,    "Patient", "1"},
    {"Patient/1/_history/2",          kRelative,    "Patient", "1", "2"},
    {"Observation/a-B.9",             kRelative,    "Observation", "a-B.9"},
    {"http://a.example/fhir/Patient/1",            kAbsolute, "Patient", "1", "", "http://a.example/fhir"},
    {"https://a.example/Patient/1/_history/2",     kAbsolute, "Patient", "1", "2", "https://a.example"},
    {"http://a.example/Patient/Patient/1",         kAbsolute, "Patient", "1", "", "http://a.example/Patient"},
    {"urn:uuid:57ae3f2e-9d17-4c31-a3a0-6a1b8c6a9a01", kUrn, "", "57ae3f2e-9d17-4c31-a3a0-6a1b8c6a9a01"},
    {"urn:oid:1.2.3",                 kUrn,         "", "1.2.3"},
    {"#p1",                           kContained,   "", "p1"},
    {"#",                             kContained},
    {"Patient?identifier=a|b/c",      kConditional, "Patient", "", "", "identifier=a|b/c"},
    {"Patient/" + kLongestId,         kRelative,    "Patient", kLongestId.c_str()},
    {"Patient/" + kLongestId + "a",   kOther},
    {"",                              kOther},
    {"Patient",                       kOther},
    {"Patient/",                      kOther},
    {"/Patient/1",                    kOther},
    {"patient/1",                     kOther},
    {"Patient/1/",                    kOther},
    {"Patient/1/2",                   kOther},
    {"Patient/a_b",                   kOther},
    {"Patient/1/_history",            kOther},
    {"Patient/1/_history/",           kOther},
    {"Patient/1/_history/2/3",        kOther},
    {"Patient/1#p",                   kOther},
    {"DomainResource/1",              kOther},
    {"Nothing/1",                     kOther},
    {"Nothing?a=b",                   kOther},
    {"Patient?",                      kOther},
    {"#a b",                          kOther},
    {"urn:uuid:",                     kOther},
    {"urn:isbn:1",                    kOther},
    {"http://",                       kOther},
    {"http://Patient/1",              kOther},
    {"http:///Patient/1",             kOther},
    {"http://a.example/ValueSet/x|1", kOther},
    {"http://a.example/thing",        kOther},
    {"ftp://a.example/Patient/1",     kOther},
};
// clang-format on

TEST(Reference, Table) {
  for (const Row& row : kRows) {
    ParsedReference parsed = parse_reference(row.text);
    EXPECT_EQ(parsed.kind, row.kind) << row.text;
    EXPECT_EQ(parsed.type ? type_name(*parsed.type) : "", row.type) << row.text;
    EXPECT_EQ(parsed.id, row.id) << row.text;
    EXPECT_EQ(parsed.version, row.version) << row.text;
    EXPECT_EQ(std::string(parsed.base) + std::string(parsed.query), row.rest) << row.text;
    EXPECT_EQ(parsed.text, row.text);
  }
}

TEST(Reference, IdsAreOneTo64LettersDigitsDashesAndDots) {
  EXPECT_TRUE(is_valid_id("a"));
  EXPECT_TRUE(is_valid_id(kLongestId));
  EXPECT_FALSE(is_valid_id(""));
  EXPECT_FALSE(is_valid_id(kLongestId + "a"));
  EXPECT_FALSE(is_valid_id("a b"));
  EXPECT_FALSE(is_valid_id("ä"));
}

}  // namespace
}  // namespace continuum::fhir
