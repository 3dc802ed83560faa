#include "service/load/bundle.h"

#include <gtest/gtest.h>

#include "service/load/limits.h"

namespace continuum::service {
namespace {

Parts parts_of(std::string_view text) {
  auto parts = take_apart(text);
  EXPECT_TRUE(parts) << text << (parts ? "" : parts.error().text());
  return parts ? std::move(*parts) : Parts();
}

ErrorCode refusal_of(std::string_view text) {
  auto parts = take_apart(text);
  EXPECT_FALSE(parts) << text;
  return parts ? ErrorCode::kInternal : parts.error().code;
}

std::string bundle(std::string_view type, std::string_view entries) {
  return R"({"resourceType":"Bundle","type":")" + std::string(type) + R"(","entry":[)" +
         std::string(entries) + "]}";
}

Entry only_entry(std::string_view type, std::string_view entry) {
  Parts parts = parts_of(bundle(type, entry));
  EXPECT_FALSE(parts.entries.empty());
  return parts.entries.empty() ? Entry() : parts.entries.back();
}

TEST(TakeApart, SingleResourcesStayWhole) {
  Parts parts = parts_of(R"({"resourceType":"Patient","id":"1"})");
  EXPECT_EQ(parts.kind, BundleKind::kNone);
  EXPECT_FALSE(parts.atomic);
  ASSERT_EQ(parts.entries.size(), 1U);
  EXPECT_EQ(parts.entries[0].number, 0U);
  EXPECT_EQ(parts.entries[0].action, EntryAction::kStore);
}

TEST(TakeApart, EachTypeOfBundle) {
  struct Row {
    const char* type;
    bool atomic;
    bool whole;
    bool newest_first;
  };
  for (const Row& row : {Row{"transaction", true, false, false}, Row{"batch", false, false, false},
                         Row{"collection", false, false, false},
                         Row{"searchset", false, false, false}, Row{"message", true, true, false},
                         Row{"document", true, true, false}, Row{"history", false, true, true}}) {
    std::string text = bundle(row.type, R"({"resource":{"resourceType":"Patient"}})");
    Parts parts = parts_of(text);
    EXPECT_EQ(parts.atomic, row.atomic) << row.type;
    EXPECT_EQ(parts.newest_first, row.newest_first) << row.type;
    ASSERT_EQ(parts.entries.size(), row.whole ? 2U : 1U) << row.type;
    EXPECT_EQ(parts.entries[0].number, row.whole ? 0U : 1U) << row.type;
    EXPECT_EQ(parts.entries.back().resource, R"({"resourceType":"Patient"})");
  }
}

TEST(TakeApart, BundlesOfNoOtherType) {
  for (const char* text :
       {R"({"resourceType":"Bundle"})", R"({"resourceType":"Bundle","type":""})",
        R"({"resourceType":"Bundle","type":"batch-response","entry":[]})",
        R"({"resourceType":"Bundle","type":"transaction-response"})",
        R"({"resourceType":"Bundle","type":"Batch"})", R"({"resourceType":"Bundle","type":1})",
        R"({"resourceType":"Bundle","type":"batch","entry":{}})", "[]", "1", "", "{", "nonsense",
        R"({"resourceType":"Bundle","type":"batch","type":"batch"})"}) {
    EXPECT_EQ(refusal_of(text), ErrorCode::kInvalid);
  }
}

TEST(TakeApart, BundlesMayBeEmpty) {
  EXPECT_TRUE(parts_of(R"({"resourceType":"Bundle","type":"batch"})").entries.empty());
  EXPECT_TRUE(parts_of(bundle("searchset", "")).entries.empty());
}

TEST(TakeApart, EntriesThatStoreNothing) {
  EXPECT_EQ(only_entry("batch", R"({"request":{"method":"GET","url":"Patient/1"}})").action,
            EntryAction::kSkip);
  EXPECT_EQ(only_entry("transaction", R"({"request":{"method":"HEAD","url":"Patient/1"}})").action,
            EntryAction::kSkip);
  EXPECT_EQ(only_entry("searchset", R"({"search":{"mode":"outcome"},"resource":{}})").action,
            EntryAction::kSkip);
  EXPECT_EQ(only_entry("searchset", R"({"search":{"mode":"include"},"resource":{}})").action,
            EntryAction::kStore);
}

TEST(TakeApart, SearchesByPostStoreNothing) {
  EXPECT_EQ(only_entry("batch", R"({"request":{"method":"POST","url":"Patient/_search"}})").action,
            EntryAction::kSkip);
}

TEST(TakeApart, EntriesThatAreRefused) {
  struct Row {
    const char* type;
    const char* entry;
    ErrorCode code;
  };
  for (const Row& row : {
           Row{"collection", "{}", ErrorCode::kInvalid},
           Row{"collection", "1", ErrorCode::kInvalid},
           Row{"batch", R"({"request":{"method":"POST","url":"Patient"}})", ErrorCode::kInvalid},
           Row{"batch", R"({"request":{"method":"PATCH","url":"Patient/1"},"resource":{}})",
               ErrorCode::kUnsupported},
           Row{"batch", R"({"request":{"method":"PULL"},"resource":{}})", ErrorCode::kInvalid},
           Row{"batch", R"({"request":{},"resource":{}})", ErrorCode::kInvalid},
           Row{"batch",
               R"({"request":{"method":"PUT","url":"Patient?identifier=a|b"},"resource":{}})",
               ErrorCode::kUnsupported},
           Row{"batch", R"({"request":{"method":"POST","url":"ValueSet/$lookup"},"resource":{}})",
               ErrorCode::kUnsupported},
           Row{"batch", R"({"request":{"method":"DELETE","url":"http://else/Patient/1"}})",
               ErrorCode::kUnsupported},
           Row{"batch", R"({"request":{"method":"DELETE","url":"Patient?name=x"}})",
               ErrorCode::kUnsupported},
           Row{"batch", R"({"request":{"method":"DELETE","url":"Patient/1/_history/2"}})",
               ErrorCode::kUnsupported},
       }) {
    Entry entry = only_entry(row.type, row.entry);
    EXPECT_EQ(entry.action, EntryAction::kRefuse) << row.entry;
    ASSERT_FALSE(entry.status) << row.entry;
    EXPECT_EQ(entry.status.error().code, row.code) << row.entry;
  }
}

TEST(TakeApart, RequestsNameTheirTarget) {
  Entry put =
      only_entry("batch", R"({"request":{"method":"PUT","url":"Patient\/1"},"resource":{}})");
  EXPECT_EQ(put.action, EntryAction::kStore);
  EXPECT_EQ(put.target, "Patient/1");
  put = only_entry("batch",
                   R"({"request":{"method":"PUT","url":"http://a/Patient/1"},"resource":{}})");
  EXPECT_EQ(put.target, "Patient/1");
  Entry gone = only_entry("transaction", R"({"request":{"method":"DELETE","url":"Patient/1"}})");
  EXPECT_EQ(gone.action, EntryAction::kDelete);
  EXPECT_EQ(gone.target, "Patient/1");
  Entry post =
      only_entry("batch", R"({"fullUrl":"urn:uuid:1","resource":{},"request":{"method":"POST",)"
                          R"("url":"Patient","ifNoneExist":"identifier=a|b"}})");
  EXPECT_EQ(post.full_url, "urn:uuid:1");
  EXPECT_EQ(post.if_none_exist, "identifier=a|b");
}

TEST(TakeApart, HistoryEntriesTellTheirVersionAndTime) {
  Entry put = only_entry(
      "history", R"({"resource":{},"request":{"method":"PUT","url":"Patient/1/_history/2"},)"
                 R"("response":{"status":"200","lastModified":"2020-01-01T00:00:00Z"}})");
  EXPECT_EQ(put.target, "Patient/1");
  EXPECT_EQ(put.last_modified, "2020-01-01T00:00:00Z");
  Entry gone =
      only_entry("history", R"({"request":{"method":"DELETE","url":"Patient/1/_history/3"}})");
  EXPECT_EQ(gone.action, EntryAction::kDelete);
  EXPECT_EQ(gone.target, "Patient/1");
}

TEST(TakeApart, RequestsInOtherBundlesAreNoRequests) {
  EXPECT_EQ(only_entry("collection", R"({"resource":{},"request":{"method":"DELETE"}})").action,
            EntryAction::kStore);
}

TEST(TakeApart, EntriesHaveALimit) {
  std::string entries = "{}";
  for (size_t i = 1; i <= kAtomicEntriesMax; ++i) {
    entries += ",{}";
  }
  EXPECT_EQ(refusal_of(bundle("transaction", entries)), ErrorCode::kTooLarge);
  EXPECT_EQ(parts_of(bundle("batch", entries)).entries.size(), kAtomicEntriesMax + 1);
}

}  // namespace
}  // namespace continuum::service
