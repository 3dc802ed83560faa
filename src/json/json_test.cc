#include <gtest/gtest.h>

#include <random>

#include "json/document.h"
#include "json/split.h"
#include "json/writer.h"

namespace continuum::json {
namespace {

TEST(Json, CanonicalTable) {
  struct Row {
    const char* text;
    const char* canonical;
  };
  for (const Row& row : {
           Row{"{}", "{}"},
           Row{" { \"b\" : 1 , \"a\" : [ ] } ", R"({"b":1,"a":[]})"},
           Row{R"({"n":[0.10,1e400,-0,123456789012345678901234567890,1.000,2E+3]})",
               R"({"n":[0.10,1e400,-0,123456789012345678901234567890,1.000,2E+3]})"},
           Row{R"({"s":"\u00e9\ud83d\ude00\/\t\u0001\"\\"})",
               "{\"s\":\"\xC3\xA9\xF0\x9F\x98\x80/\\t\\u0001\\\"\\\\\"}"},
           Row{R"([true,false,null,"",[[{}]]])", R"([true,false,null,"",[[{}]]])"},
           Row{R"({"a\u0062":1})", R"({"ab":1})"},
           Row{R"({"x":null})", R"({"x":null})"},
           Row{R"(["a","b"  , "c" ])", R"(["a","b","c"])"},
       }) {
    Document document;
    Status parsed = document.parse(row.text);
    ASSERT_TRUE(parsed) << row.text << ": " << parsed.error().text();
    EXPECT_EQ(write(*document.root()), row.canonical);
  }
}

TEST(Json, QuotedIsALiteralThatReadsBack) {
  EXPECT_EQ(json::quoted(""), R"("")");
  EXPECT_EQ(json::quoted("plain \xE2\x80\x94 text /"), "\"plain \xE2\x80\x94 text /\"");
  EXPECT_EQ(json::quoted("a\"b\\c\n\x01"), R"("a\"b\\c\n\u0001")");
  std::string all;
  for (char c = 0; c >= 0 && c < 127; ++c) {
    all.push_back(c);
  }
  Document document;
  ASSERT_TRUE(document.parse("{\"text\":" + json::quoted(all) + "}"));
  EXPECT_EQ(document.root()->string("text"), all);
}

TEST(Json, RefusedWithThePlace) {
  struct Row {
    const char* text;
    const char* where;
  };
  for (const Row& row : {
           Row{"", "line 1 column 1"},
           Row{"7", "line 1 column 1"},
           Row{"\"text\"", "line 1 column 1"},
           Row{"{\"a\":1,\n \"a\":2}", "line 2 column 3"},
           Row{"{\"a\":{\"b\":1,\"\\u0062\":2}}", "line 1 column 14"},
           Row{"{\"a\":01}", "line 1 column 6"},
           Row{"{\"a\":1.}", "line 1 column 6"},
           Row{"{\"a\":.5}", nullptr},
           Row{"{\"a\":+5}", nullptr},
           Row{"{\"a\":NaN}", nullptr},
           Row{"{\"a\":nul}", nullptr},
           Row{"{\"a\":nulll}", nullptr},
           Row{"{\"a\":truee}", nullptr},
           Row{"{\"a\":1,}", nullptr},
           Row{"[1,]", nullptr},
           Row{"[null", nullptr},
           Row{"[[[[[[[null", nullptr},
           Row{"{\"a\":null", nullptr},
           Row{"[true", nullptr},
           Row{"[1 2]", nullptr},
           Row{"{\"a\" 1}", nullptr},
           Row{"{\"a\":1", nullptr},
           Row{"{} {}", nullptr},
           Row{"{}x", nullptr},
           Row{"{\"a\":\"\\ud800\"}", nullptr},
           Row{"{\"a\":\"\\x\"}", nullptr},
           Row{"{\"a\":\"line\nbreak\"}", nullptr},
           Row{"{\"a\":\"\xFF\"}", "line 1 column 7"},
           Row{"{\n\"a\":\"ok\xC3\xA9 \xC3(\"}", "line 2 column 11"},
           Row{"{\"a\":\"\xED\xA0\x80\"}", nullptr},
       }) {
    Document document;
    Status parsed = document.parse(row.text);
    ASSERT_FALSE(parsed) << row.text;
    EXPECT_EQ(document.root(), nullptr);
    if (row.where != nullptr) {
      ASSERT_FALSE(parsed.error().details.empty()) << row.text;
      EXPECT_EQ(parsed.error().details[0].where, row.where) << row.text;
    }
  }
}

TEST(Json, DuplicateAmongManyMembers) {
  std::string text = "{";
  for (int i = 0; i < 40; ++i) {
    text += "\"m" + std::to_string(i) + "\":0,";
  }
  EXPECT_TRUE(Document().parse(text + "\"z\":0}"));
  EXPECT_FALSE(Document().parse(text + "\"m3\":0}"));
}

TEST(Json, DepthAndSizeAreBounded) {
  std::string deep = std::string(64, '[') + std::string(64, ']');
  EXPECT_TRUE(Document().parse(deep));
  auto refused = Document().parse("[" + deep + "]");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(Document().parse("[1,2,3]", {.bytes_max = 6}).error().code, ErrorCode::kTooLarge);
  EXPECT_FALSE(Document().parse(std::string(100'000, '[')));
}

TEST(Json, TreesCanBeChanged) {
  Document document;
  ASSERT_TRUE(document.parse(R"({"a":"x","b":[1],"c":{}})"));
  Node& root = *document.root();
  document.set_text(*root.find("a"), "changed");
  Document::remove(root, *root.find("b"));
  Document::prepend(root, *document.make_string("first", "\n"));
  Document::append(*root.find("c"), *document.make_number("n", "1.50"));
  EXPECT_EQ(write(root), R"({"first":"\n","a":"changed","c":{"n":1.50}})");
  Document other;
  other.set_root(other.copy(root));
  EXPECT_TRUE(equal(root, *other.root()));
}

TEST(Json, EqualIgnoresMemberOrderOnly) {
  auto same = [](const char* a, const char* b) {
    Document first;
    Document second;
    EXPECT_TRUE(first.parse(a));
    EXPECT_TRUE(second.parse(b));
    EXPECT_EQ(equal(*first.root(), *second.root()),
              first_difference(*first.root(), *second.root()).empty());
    return equal(*first.root(), *second.root());
  };
  EXPECT_TRUE(same(R"({"a":1,"b":[1,2]})", R"({"b":[1,2],"a":1})"));
  EXPECT_FALSE(same(R"({"a":[1,2]})", R"({"a":[2,1]})"));
  EXPECT_FALSE(same(R"({"a":1.0})", R"({"a":1.00})"));
  EXPECT_FALSE(same(R"({"a":1})", R"({"a":1,"b":null})"));
  EXPECT_FALSE(same(R"({"a":"1"})", R"({"a":1})"));
}

TEST(Json, ParsingAgainReusesTheDocument) {
  Document document;
  for (int i = 0; i < 100; ++i) {
    std::string big = "{\"v\":\"" + std::string(static_cast<size_t>(i) * 1000, 'x') + "\\n\"}";
    ASSERT_TRUE(document.parse(big));
    ASSERT_EQ(document.root()->string("v").size(), static_cast<size_t>(i) * 1000 + 1);
  }
}

TEST(Split, CutsRawParts) {
  auto members = split_object(R"( {"a" : [1, {"x":"]}"}] , "b":"q\"," ,"c":-1.5e3 , "d":{} } )");
  ASSERT_TRUE(members) << members.error().text();
  ASSERT_EQ(members->size(), 4U);
  EXPECT_EQ((*members)[0].value, R"([1, {"x":"]}"}])");
  EXPECT_EQ((*members)[1].value, R"("q\",")");
  EXPECT_EQ((*members)[2].value, "-1.5e3");
  EXPECT_EQ((*members)[3].value, "{}");
  auto elements = split_array("[ {} ,[1,2], \"a\" , true ]");
  ASSERT_TRUE(elements);
  EXPECT_EQ(*elements, (std::vector<std::string_view>{"{}", "[1,2]", "\"a\"", "true"}));
  EXPECT_TRUE(split_array("[]")->empty());
  EXPECT_TRUE(split_object("{}")->empty());
}

// The end of the container that starts `text`, found one character at a time; 0: it has none.
size_t end_of_container(std::string_view text) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (in_string) {
      i += c == '\\' ? 1 : 0;
      in_string = c != '"';
      continue;
    }
    in_string = c == '"';
    depth += c == '{' || c == '[' ? 1 : 0;
    depth -= c == '}' || c == ']' ? 1 : 0;
    if (depth == 0) {
      return i + 1;
    }
  }
  return 0;
}

// Brackets, strings and escapes at random; escapes in strings only, where alone JSON has them.
std::string random_container(std::mt19937& random) {
  constexpr std::string_view kMarks = "[]{}\"\"\\\\,:";
  std::string text = "[";
  bool in_string = false;
  bool escaped = false;
  for (size_t left = random() % 200; left > 0; --left) {
    char c = random() % 4 != 0 ? 'x' : kMarks[random() % kMarks.size()];
    c = c == '\\' && !in_string ? ' ' : c;
    in_string ^= c == '"' && !escaped;
    escaped = c == '\\' && !escaped;
    text += c;
  }
  return text;
}

TEST(Split, FindsTheEndWhereverBlocksFall) {
  std::mt19937 random(1);
  size_t ended = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = random_container(random);
    Cutter cutter(text);
    auto value = cutter.value();
    size_t end = end_of_container(text);
    ASSERT_EQ(value.has_value(), end != 0) << text;
    if (value) {
      ++ended;
      ASSERT_EQ(value->size(), end) << text;
    }
  }
  EXPECT_GT(ended, 1000U);
}

TEST(Split, Refuses) {
  for (const char* bad :
       {"", "[]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1}x", "{\"a\":1,\"a\":2}",
        "{\"a\":\"", "{\"a\":[}", "{a:1}", "{\"a\":1 \"b\":2}"}) {
    EXPECT_FALSE(split_object(bad)) << bad;
  }
  for (const char* bad : {"", "{}", "[", "[1", "[1,", "[1,]", "[1]]", "[,]"}) {
    EXPECT_FALSE(split_array(bad)) << bad;
  }
}

}  // namespace
}  // namespace continuum::json
