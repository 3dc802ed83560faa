#include "json/patch.h"

#include <gtest/gtest.h>

#include <string>

#include "json/case_files_test.h"
#include "json/number.h"
#include "json/writer.h"

namespace continuum::json {
namespace {

constexpr const char* kCases = "tests/cases/json_patch";

Document parsed(std::string_view text) {
  Document document;
  Status done = document.parse(text);
  EXPECT_TRUE(done) << text << ": " << done.error().text();
  return document;
}

Patch patch_of(std::string_view text, const PatchLimits& limits = {}) {
  auto patch = Patch::parse(text, limits);
  EXPECT_TRUE(patch) << text << ": " << patch.error().text();
  return *std::move(patch);
}

Status run_patch(std::string_view patch_text, Document& document, const PatchLimits& limits = {}) {
  TRY(Patch patch, Patch::parse(patch_text, limits));
  return patch.apply(document);
}

std::string text_of(const Document& document) {
  return document.root() == nullptr ? "" : write(*document.root());
}

// --- case files -------------------------------------------------------------------------------
//
// An array of {"name", "document", "patch" or "patch_text", and what must come of it: "result",
// byte for byte as written, or "error" (a code) with "where" (the place of its first detail)}.

void run_case(const Node& row) {
  const Node* patch = row.find("patch");
  const std::string patch_text =
      patch != nullptr ? write(*patch) : std::string(row.string("patch_text"));
  Document document;
  document.set_root(document.copy(*row.find("document")));
  document.root()->key = {};
  const std::string before = text_of(document);
  const Status done = run_patch(patch_text, document);
  const Node* result = row.find("result");
  if (result != nullptr) {
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_EQ(text_of(document), write(*result));
    return;
  }
  ASSERT_FALSE(done) << text_of(document);
  EXPECT_EQ(to_string(done.error().code), row.string("error")) << done.error().text();
  ASSERT_EQ(done.error().details.size(), 1U);
  EXPECT_FALSE(done.error().details[0].what.empty());
  if (row.find("where") != nullptr) {
    EXPECT_EQ(done.error().details[0].where, row.string("where"));
  }
  EXPECT_EQ(text_of(document), before);
}

TEST(JsonPatch, Cases) {
  size_t count = 0;
  for_each_case_file(kCases, [&](const Node& cases) {
    for (const Node& row : children(cases)) {
      SCOPED_TRACE(row.string("name"));
      run_case(row);
      ++count;
    }
  });
  EXPECT_GE(count, 202U);
}

// --- documents --------------------------------------------------------------------------------

TEST(JsonPatch, OnePatchServesManyDocuments) {
  const Patch patch = patch_of(R"([{"op":"add","path":"/l/-","value":{"n":"x"}}])");
  Document first = parsed(R"({"l":[]})");
  Document second = parsed(R"({"l":[0]})");
  ASSERT_TRUE(patch.apply(first));
  ASSERT_TRUE(patch.apply(first));
  ASSERT_TRUE(patch.apply(second));
  first.set_text(*first.root()->first->first->first, "changed");
  EXPECT_EQ(text_of(first), R"({"l":[{"n":"changed"},{"n":"x"}]})");
  EXPECT_EQ(text_of(second), R"({"l":[0,{"n":"x"}]})");
  EXPECT_EQ(patch.operations().size(), 1U);
}

TEST(JsonPatch, ADocumentOutlivesThePatchAndItsText) {
  Document document = parsed("{}");
  {
    std::string text = R"([{"op":"add","path":"/name~0","value":["text",1.50]}])";
    Patch moved = patch_of(text);
    Patch patch = std::move(moved);
    text.assign(text.size(), ' ');
    ASSERT_TRUE(patch.apply(document));
  }
  EXPECT_EQ(text_of(document), R"({"name~":["text",1.50]})");
}

TEST(JsonPatch, NodesThatStayAreTheSameNodes) {
  Document document = parsed(R"({"a":{"x":1},"b":[2]})");
  Node* root = document.root();
  Node* a = root->find("a");
  ASSERT_TRUE(run_patch(R"([{"op":"move","from":"/a","path":"/b/0"}])", document));
  EXPECT_EQ(document.root(), root);
  EXPECT_EQ(root->find("b")->first, a);
  EXPECT_FALSE(run_patch(R"([{"op":"move","from":"/b/0","path":""},{"op":"remove","path":"/n"}])",
                         document));
  EXPECT_EQ(document.root(), root);
  EXPECT_EQ(root->find("b")->first, a);
  EXPECT_EQ(text_of(document), R"({"b":[{"x":1},2]})");
}

TEST(JsonPatch, AnEmptyDocumentTakesARootOnly) {
  for (const char* refused :
       {R"([{"op":"add","path":"/a","value":1}])", R"([{"op":"replace","path":"","value":1}])",
        R"([{"op":"copy","from":"","path":""}])", R"([{"op":"test","path":"","value":null}])",
        R"([{"op":"add","path":"","value":1},{"op":"remove","path":"/a"}])"}) {
    Document document;
    EXPECT_FALSE(run_patch(refused, document)) << refused;
    EXPECT_EQ(document.root(), nullptr);
  }
  Document document;
  ASSERT_TRUE(run_patch(R"([{"op":"add","path":"","value":{"a":1}}])", document));
  EXPECT_EQ(text_of(document), R"({"a":1})");
}

TEST(JsonPatch, ErrorsNeverQuoteTheDocument) {
  for (const char* patch :
       {R"([{"op":"test","path":"/name","value":"other"}])",
        R"([{"op":"remove","path":"/name/0"}])", R"([{"op":"add","path":"/list/9","value":0}])",
        R"([{"op":"move","from":"/list/-","path":"/name"}])",
        R"([{"op":"test","path":"/list","value":[]}])"}) {
    Document document = parsed(R"({"name":"Zebedee","list":["Zebedee"],"Zebedee":1})");
    const Status done = run_patch(patch, document);
    ASSERT_FALSE(done) << patch;
    EXPECT_EQ(done.error().text().find("Zebedee"), std::string::npos) << done.error().text();
  }
}

// --- bounds -----------------------------------------------------------------------------------

std::string repeated(const std::string& operation, size_t count) {
  std::string out = "[";
  for (size_t i = 0; i < count; ++i) {
    out.append(i == 0 ? "" : ",").append(operation);
  }
  return out + "]";
}

void expect_refused(const std::string& patch, const std::string& document_text,
                    const PatchLimits& limits = {}) {
  Document document = parsed(document_text);
  const Status done = run_patch(patch, document, limits);
  ASSERT_FALSE(done) << patch.substr(0, 100);
  EXPECT_EQ(done.error().code, ErrorCode::kTooLarge) << done.error().text();
  EXPECT_EQ(text_of(document), document_text);
}

// Forty copies would make a trillion values; each is of all that was there before.
TEST(JsonPatchLimits, DoublingEnds) {
  const std::string doubling = R"({"op":"copy","from":"/a","path":"/a/-"})";
  expect_refused(repeated(doubling, 40), R"({"a":[0,"text"]})");
  // The other way to double, which grows no deeper.
  std::string sideways;
  for (int i = 0; i < 40; ++i) {
    sideways += R"({"op":"copy","from":"/a","path":"/b"},{"op":"move","from":"/b","path":"/a/0"},)";
  }
  sideways.pop_back();
  expect_refused("[" + sideways + "]", R"({"a":[]})");
}

TEST(JsonPatchLimits, WhatIsAddedIsWeighedToTheByte) {
  const std::string patch = R"([{"op":"add","path":"/name","value":{"k":"abc"}},)"
                            R"({"op":"copy","from":"/name/k","path":"/name/k"}])";
  // The object with its key in the patch ("value"), its member, the name "name"; then the copy.
  const size_t weight = (kValueWeight + 5) + (kValueWeight + 1 + 3) + 4 + (kValueWeight + 1 + 3);
  Document document = parsed("{}");
  EXPECT_TRUE(run_patch(patch, document, {.added_weight_max = weight}));
  expect_refused(patch, "{}", {.added_weight_max = weight - 1});
}

TEST(JsonPatchLimits, RemovingGivesNothingBack) {
  const std::string patch =
      repeated(R"({"op":"add","path":"/a","value":"0123456789"},{"op":"remove","path":"/a"})", 10);
  Document document = parsed("{}");
  EXPECT_TRUE(run_patch(patch, document));
  expect_refused(patch, "{}", {.added_weight_max = 500});
}

TEST(JsonPatchLimits, Operations) {
  const PatchLimits limits;
  Document document = parsed(R"({"a":1})");
  const std::string test = R"({"op":"test","path":"/a","value":1})";
  EXPECT_TRUE(run_patch(repeated(test, limits.operations_max), document));
  auto refused = Patch::parse(repeated(test, limits.operations_max + 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kTooLarge);
}

TEST(JsonPatchLimits, Bytes) {
  const std::string patch = R"([{"op":"remove","path":"/a"}])";
  EXPECT_TRUE(Patch::parse(patch, {.bytes_max = patch.size()}));
  auto refused = Patch::parse(patch, {.bytes_max = patch.size() - 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kTooLarge);
}

TEST(JsonPatchLimits, Steps) {
  std::string many = "[0";
  for (int i = 1; i < 1000; ++i) {
    many += "," + std::to_string(i);
  }
  many += "]";
  const std::string last = R"({"op":"test","path":"/999","value":999})";
  Document document = parsed(many);
  EXPECT_TRUE(run_patch(repeated(last, 10), document, {.steps_max = 11'000}));
  for (const std::string& operation : {last, std::string(R"({"op":"add","path":"/-","value":1})"),
                                       std::string(R"({"op":"copy","from":"","path":"/0"})"),
                                       std::string(R"({"op":"move","from":"/999","path":"/0"})"),
                                       R"({"op":"test","path":"","value":)" + many + "}"}) {
    expect_refused(repeated(operation, 10), many, {.steps_max = 5'000});
  }
}

TEST(JsonPatchLimits, StepsOfLongNumbers) {
  const std::string long_one = "[1." + std::string(4'000, '0') + "]";
  const std::string test = R"({"op":"test","path":"/0","value":1})";
  Document document = parsed(long_one);
  EXPECT_TRUE(run_patch(repeated(test, 9), document, {.steps_max = 10'000}));
  expect_refused(repeated(test, 10), long_one, {.steps_max = 10'000});
}

// What is moved is looked through, to know how deep it goes.
TEST(JsonPatchLimits, StepsOfAMove) {
  std::string wide = "[[0";
  for (int i = 1; i < 1000; ++i) {
    wide += ",0";
  }
  wide += "],1]";
  const std::string there_and_back =
      R"({"op":"move","from":"/0","path":"/1"},{"op":"move","from":"/1","path":"/0"})";
  Document document = parsed(wide);
  EXPECT_TRUE(run_patch(repeated(there_and_back, 5), document, {.steps_max = 11'000}));
  expect_refused(repeated(there_and_back, 5), wide, {.steps_max = 9'000});
}

// Levels of arrays around a number.
std::string nested(size_t levels) {
  return std::string(levels, '[') + "1" + std::string(levels, ']');
}

TEST(JsonPatchLimits, DepthOfTheDocument) {
  const std::string deepest = nested(kDepthMax - 1);
  auto placing = [](const std::string& value) {
    return R"([{"op":"add","path":"/-","value":)" + value + "}]";
  };
  Document document = parsed("[]");
  EXPECT_TRUE(run_patch(placing(deepest), document));
  EXPECT_TRUE(Document().parse(text_of(document)));
  expect_refused(placing(nested(kDepthMax)), "[]");
  // By copying and moving as well.
  const std::string full = R"({"a":)" + deepest + R"(,"b":[[]]})";
  expect_refused(R"([{"op":"copy","from":"/a","path":"/b/-"}])", full);
  expect_refused(R"([{"op":"move","from":"/a","path":"/b/-"}])", full);
  expect_refused(repeated(R"({"op":"copy","from":"/a","path":"/a/0"})", kDepthMax), R"({"a":[1]})");
}

TEST(JsonPatchLimits, Pointers) {
  const std::string longest = "/" + std::string(kPointerBytesMax - 1, 'x');
  EXPECT_TRUE(Pointer::parse(longest));
  EXPECT_EQ(Pointer::parse(longest + "x").error().code, ErrorCode::kTooLarge);
  std::string deepest;
  for (size_t i = 0; i < kPointerTokensMax; ++i) {
    deepest += "/0";
  }
  EXPECT_EQ(Pointer::parse(deepest)->tokens().size(), kPointerTokensMax);
  EXPECT_EQ(Pointer::parse(deepest + "/0").error().code, ErrorCode::kTooLarge);
  expect_refused(R"([{"op":"remove","path":")" + deepest + R"(/0"}])", "[]");
  // The deepest value of the deepest document can be reached.
  Document document = parsed(nested(kDepthMax));
  EXPECT_TRUE(run_patch(R"([{"op":"replace","path":")" + deepest + R"(","value":2}])", document));
}

// --- pointers and numbers ---------------------------------------------------------------------

TEST(JsonPointer, FindsWhatRfc6901Says) {
  Document document = parsed(
      R"({"list":["p","q"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8})");
  auto at = [&](std::string_view text) -> std::string {
    auto pointer = Pointer::parse(text);
    EXPECT_TRUE(pointer) << text;
    EXPECT_EQ(pointer->text(), text);
    const Node* found = pointer->find(*document.root());
    return found == nullptr ? "nowhere" : write(*found);
  };
  EXPECT_EQ(at(""), text_of(document));
  EXPECT_EQ(at("/list"), R"(["p","q"])");
  EXPECT_EQ(at("/list/0"), R"("p")");
  EXPECT_EQ(at("/list/1"), R"("q")");
  EXPECT_EQ(at("/list/2"), "nowhere");
  EXPECT_EQ(at("/list/-"), "nowhere");
  EXPECT_EQ(at("/list/00"), "nowhere");
  EXPECT_EQ(at("/list/4294967296"), "nowhere");
  EXPECT_EQ(at("/list/0/0"), "nowhere");
  EXPECT_EQ(at("/"), "0");
  EXPECT_EQ(at("/a~1b"), "1");
  EXPECT_EQ(at("/a/b"), "nowhere");
  EXPECT_EQ(at("/c%d"), "2");
  EXPECT_EQ(at("/e^f"), "3");
  EXPECT_EQ(at("/g|h"), "4");
  EXPECT_EQ(at("/i\\j"), "5");
  EXPECT_EQ(at("/k\"l"), "6");
  EXPECT_EQ(at("/ "), "7");
  EXPECT_EQ(at("/m~0n"), "8");
}

TEST(JsonPointer, EnclosesWhatLiesInside) {
  auto encloses = [](std::string_view outer, std::string_view inner) {
    return Pointer::parse(outer)->encloses(*Pointer::parse(inner));
  };
  EXPECT_TRUE(encloses("", "/a"));
  EXPECT_TRUE(encloses("/a", "/a/b/c"));
  EXPECT_FALSE(encloses("/a", "/a"));
  EXPECT_FALSE(encloses("/a", "/ab"));
  EXPECT_FALSE(encloses("/a/b", "/a"));
  EXPECT_FALSE(encloses("", ""));
}

TEST(JsonNumber, ComparesByValue) {
  const std::string long_one = "1" + std::string(5000, '0');
  struct Row {
    std::string a;
    std::string b;
    bool same;
  };
  for (const Row& row : {
           Row{"1", "1.0", true},
           Row{"1", "10e-1", true},
           Row{"1", "0.01E+2", true},
           Row{"100", "1e2", true},
           Row{"0", "-0", true},
           Row{"0.000", "0e99999999999999999999", true},
           Row{"-1.50", "-15e-1", true},
           Row{"-1.5", "1.5", false},
           Row{"1", "2", false},
           Row{"10", "1", false},
           Row{"10", "100", false},
           Row{"0.1", "0.01", false},
           Row{"0.1", "0.10000000000000000001", false},
           Row{"101", "11", false},
           Row{"1.01", "1.1", false},
           Row{long_one, "1e5000", true},
           Row{long_one, "1e4999", false},
           Row{"1e400", "10e399", true},
           Row{"1e-400", "0.1e-399", true},
           Row{"1e-400", "0", false},
           Row{"1e0000000000000000000000002", "100", true},
           Row{"1e999999999999999999", "10e999999999999999998", true},
           Row{"1e-999999999999999999", "0.1e-999999999999999998", true},
           Row{"1e9999999999999999999", "1e9999999999999999999", true},
           Row{"1e9999999999999999999", "2e9999999999999999999", false},
           Row{"1e9999999999999999999", "1e-9999999999999999999", false},
           Row{"1e9999999999999999999", "1", false},
       }) {
    EXPECT_EQ(same_number(row.a, row.b), row.same) << row.a << " and " << row.b;
    EXPECT_EQ(same_number(row.b, row.a), row.same) << row.b << " and " << row.a;
  }
}

}  // namespace
}  // namespace continuum::json
