#include "fhir/primitive.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "fhir/limits.h"

namespace continuum::fhir {
namespace {

bool valid(ValueKind kind, std::string_view text) {
  json::Node node;
  node.kind = json_form(kind) == JsonForm::kNumber ? json::Kind::kNumber : json::Kind::kString;
  node.text = text;
  return is_valid_primitive(kind, node);
}

struct Row {
  ValueKind kind;
  std::initializer_list<std::string_view> valid;
  std::initializer_list<std::string_view> invalid;
};

const Row kRows[] = {
    {ValueKind::kBase64Binary,
     {"AAAA", "ab+/", "YQ==", "AAAA\nBBBB", " AAAA BBBB ", "===="},
     {"", " ", "AAA", "AAAAB", "AA AA", "AA-_", "AAAA\u00a0"}},
    {ValueKind::kCode,
     {"a", "male", "a b", "<=", "a\tb", "\u00e9"},
     {"", " a", "a ", "a  b", " ", "a\n"}},
    {ValueKind::kDate,
     {"0001", "1974", "1974-12", "1974-12-25", "2024-02-29", "2000-02-29", "9999-12-31"},
     {"", "0000", "74", "19745", "1974-", "1974-13", "1974-00", "1974-1-1", "1974-12-32",
      "1974-12-00", "2023-02-29", "1900-02-29", "2023-04-31", "1974-12-25T00:00:00Z", " 1974",
      "1974 ", "1974-12-25-", "-974", "25/12/1974"}},
    {ValueKind::kDateTime,
     {"2018", "1973-06", "1905-08-23", "2015-02-07T13:28:17-05:00", "2017-01-01T00:00:00.000Z",
      "2016-12-31T23:59:60Z", "2017-01-01T00:00:00+14:00", "2017-01-01T00:00:00.123456789Z"},
     {"", "2015-02-07T13:28:17", "2015-02-07T13:28Z", "2015-02-07T13Z", "2015-02-07T",
      "2015-02T13:28:17Z", "2015-02-07 13:28:17Z", "2015-02-07T24:00:00Z", "2015-02-07T13:60:00Z",
      "2015-02-07T13:28:61Z", "2015-02-07T13:28:17.Z", "2015-02-07T13:28:17+14:01",
      "2015-02-07T13:28:17+15:00", "2015-02-07T13:28:17z", "2015-02-07T13:28:17+0500",
      "2015-02-30T13:28:17Z", "2015-02-07T13:28:17ZZ", "2015-02-07t13:28:17Z"}},
    {ValueKind::kInstant,
     {"2015-02-07T13:28:17.239+02:00", "2017-01-01T00:00:00Z"},
     {"", "2015", "2015-02", "2015-02-07", "2015-02-07T13:28:17", "2015-02-07T13:28Z"}},
    {ValueKind::kTime,
     {"00:00:00", "23:59:59", "12:00:60", "12:00:00.5"},
     {"", "24:00:00", "12:00", "12:00:00Z", "1:00:00", "12:60:00", "12:00:61", "12:00:00."}},
    {ValueKind::kId,
     {"a", "A-1.b", "0123456789012345678901234567890123456789012345678901234567890123"},
     {"", "a_b", "a b", "a/b", "\u00e9",
      "01234567890123456789012345678901234567890123456789012345678901234"}},
    {ValueKind::kInteger,
     {"0", "-0", "1", "-1", "2147483647", "-2147483648"},
     {"1.0", "1e3", "2147483648", "-2147483649", "99999999999999999999", "1E0"}},
    {ValueKind::kUnsignedInt, {"0", "1", "2147483647"}, {"-1", "-0", "1.5", "2147483648"}},
    {ValueKind::kPositiveInt, {"1", "2147483647"}, {"0", "-1", "1.0", "2147483648"}},
    {ValueKind::kDecimal, {"0", "-1.50", "1e-7", "3.14159265358979323846264338327950288"}, {}},
    {ValueKind::kMarkdown, {"x", " ", "a\fb"}, {""}},
    {ValueKind::kString, {"x", " ", "a\tb\r\n", "\u00e9\U0001F600"}, {"", "a\fb", "a\vb"}},
    {ValueKind::kOid,
     {"urn:oid:1.2.3", "urn:oid:2.16.840.1.113883.3.2", "urn:oid:0.0"},
     {"", "1.2.3", "urn:oid:", "urn:oid:1", "urn:oid:3.1", "urn:oid:1.02", "urn:oid:1.2.",
      "urn:oid:1..2", "urn:oid:1.a"}},
    {ValueKind::kUri, {"x", "http://a/b|1", "urn:x", "\u00e9"}, {"", " ", "a b", "a\n", "\ta"}},
    {ValueKind::kUrl, {"http://a/b"}, {"", "a b"}},
    {ValueKind::kCanonical, {"http://a/b|1.0#x"}, {"", "a b"}},
    {ValueKind::kUuid,
     {"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
     {"", "c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:C757873D-ec9a-4326-a141-556f43239520",
      "urn:uuid:c757873d-ec9a-4326-a141-556f4323952", "urn:uuid:c757873dec9a4326a141556f43239520",
      "urn:uuid:c757873d-ec9a-4326-a141-556f432395200"}},
    {ValueKind::kXhtml,
     {"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>", "<div>x</div>", "\n <div>x</div>",
      "<div\n>x</div>"},
     {"", "x", "<p>x</p>", "<divx>", "<div", "<DIV>x</DIV>", "x<div>"}},
};

TEST(Primitive, Formats) {
  for (const Row& row : kRows) {
    for (std::string_view text : row.valid) {
      EXPECT_TRUE(valid(row.kind, text)) << form_rule(row.kind) << " <- " << text;
    }
    for (std::string_view text : row.invalid) {
      EXPECT_FALSE(valid(row.kind, text)) << form_rule(row.kind) << " <- " << text;
    }
  }
}

TEST(Primitive, StringsOfAtMostAMegabyte) {
  const std::string largest(kStringBytesMax, 'x');
  for (ValueKind kind : {ValueKind::kString, ValueKind::kMarkdown}) {
    EXPECT_TRUE(valid(kind, largest));
    EXPECT_FALSE(valid(kind, largest + "x"));
  }
}

TEST(Primitive, EachHasARuleAndAForm) {
  for (int kind = 0; is_primitive(static_cast<ValueKind>(kind)); ++kind) {
    EXPECT_FALSE(form_rule(static_cast<ValueKind>(kind)).empty());
  }
  EXPECT_EQ(json_form(ValueKind::kDecimal), JsonForm::kNumber);
  EXPECT_EQ(json_form(ValueKind::kBoolean), JsonForm::kBoolean);
  EXPECT_EQ(json_form(ValueKind::kId), JsonForm::kString);
}

}  // namespace
}  // namespace continuum::fhir
