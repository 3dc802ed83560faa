// For tests of loading: files and a store in memory, and short words for what was stored.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "service/load/load.h"

namespace continuum::service {

class LoadFixture : public testing::Test {
 protected:
  LoadFixture() { reopen(); }

  // A new, empty store.
  void reopen() {
    store_files_ = std::make_unique<MemoryFileSystem>();
    record::StoreOptions options;
    options.data_folder = "/data";
    options.engine = record::Engine::kMemory;
    options.files = store_files_.get();
    options.clock = &clock_;
    auto store = record::open_store(options);
    EXPECT_TRUE(store) << (store ? "" : store.error().text());
    store_ = std::move(*store);
  }

  void write(const std::string& path, std::string_view text) {
    ASSERT_TRUE(input_.make_directories(parent_directory(path)));
    auto file = input_.open_writable(path, OpenMode::kTruncate);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->append(text));
  }

  LoadReport load_paths(std::vector<std::string> paths, const std::string& source = "gp",
                        unsigned threads = 2, uint64_t batch_bytes = kBatchBytes) {
    LoadOptions options;
    options.batch_bytes = batch_bytes;
    options.paths = std::move(paths);
    options.source = source;
    options.threads = threads;
    options.clock = &clock_;
    options.beside_writers = beside_writers_;
    auto report = load(*store_, input_, options, {});
    EXPECT_TRUE(report) << (report ? "" : report.error().text());
    return report ? std::move(*report) : LoadReport();
  }

  // One file, alone in its folder.
  LoadReport load_text(std::string_view text, const std::string& source = "gp") {
    std::string path = "/text" + std::to_string(++texts_) + "/a.json";
    write(path, text);
    return load_paths({path}, source);
  }

  static fhir::TypeNumber type(std::string_view name) { return *fhir::type_number(name); }

  // Where "Patient/1" of the source is; nothing when it isn't.
  std::optional<record::Located> located(std::string_view name, std::string_view source = "gp") {
    size_t slash = name.find('/');
    auto minter = store_->id_minter();
    fhir::TypeNumber of_type = type(name.substr(0, slash));
    auto found =
        store_->view()->find(of_type, minter.hash(source, of_type, name.substr(slash + 1)));
    EXPECT_TRUE(found);
    return found ? *found : std::nullopt;
  }

  // "Patient/<regional id>".
  std::string regional(std::string_view name, std::string_view source = "gp") {
    auto found = located(name, source);
    if (!found) {
      return "(nothing)";
    }
    return std::string(name.substr(0, name.find('/') + 1)) + found->id.text();
  }

  // The current body, or "(gone)", "(nothing)".
  std::string body(std::string_view name, std::string_view source = "gp") {
    auto found = located(name, source);
    if (!found) {
      return "(nothing)";
    }
    auto view = store_->view();
    auto item = view->read(found->key);
    if (!item) {
      return item.error().code == ErrorCode::kGone ? "(gone)" : "(nothing)";
    }
    std::string out;
    EXPECT_TRUE(view->open_canonical(*item, out));
    return out;
  }

  // Bodies of all versions, oldest first.
  std::vector<std::string> bodies(std::string_view name, std::string_view source = "gp") {
    std::vector<std::string> out;
    auto found = located(name, source);
    if (!found) {
      return out;
    }
    auto view = store_->view();
    auto versions = view->versions(found->key);
    EXPECT_TRUE(versions);
    for (size_t i = versions->size(); i-- > 0;) {
      const record::StoredItem& item = (*versions)[i];
      EXPECT_EQ(item.row.header.version, versions->size() - i);
      std::string text = "(gone)";
      if (!item.row.header.deleted) {
        text.clear();
        EXPECT_TRUE(view->open_canonical(item, text));
      }
      out.push_back(std::move(text));
    }
    return out;
  }

  // The text of a member, as "subject.reference" or "status".
  std::string member(std::string_view name, std::string_view path, std::string_view source = "gp") {
    json::Document document;
    if (!document.parse(body(name, source))) {
      return body(name, source);
    }
    const json::Node* node = document.root();
    while (node != nullptr && !path.empty()) {
      size_t dot = path.find('.');
      std::string_view step = path.substr(0, dot);
      node = node->is_array() ? node->first : node;
      node = node == nullptr ? nullptr : node->find(step);
      path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    }
    return node == nullptr ? "(absent)" : std::string(node->text);
  }

  // "status" of each version, oldest first.
  std::vector<std::string> statuses(std::string_view name) {
    std::vector<std::string> out;
    for (const std::string& text : bodies(name)) {
      json::Document document;
      out.push_back(document.parse(text) ? std::string(document.root()->string("status")) : text);
    }
    return out;
  }

  bool is_quarantined(std::string_view name) {
    auto found = located(name);
    return found && found->key.ord.is_quarantine();
  }
  // Whether it is kept with that patient.
  bool is_with(std::string_view name, std::string_view patient) {
    auto found = located(name);
    auto home = located(patient);
    return found && home && home->key.ord.is_patient() && found->key.ord == home->key.ord;
  }

  // How many resources of a type a patient's record holds.
  size_t count_with(std::string_view patient, std::string_view of_type,
                    std::string_view source = "gp") {
    size_t count = 0;
    auto home = located(patient, source);
    EXPECT_TRUE(home);
    if (home) {
      fhir::TypeNumber only = type(of_type);
      EXPECT_TRUE(store_->view()->scan(home->key.ord,
                                       {.types = {&only, 1}, .as_of = {}, .after = {}},
                                       [&](const record::StoredItem&) -> Result<bool> {
                                         ++count;
                                         return true;
                                       }));
    }
    return count;
  }

  // Everything stored: "ord type version body" of each current item, but for item numbers.
  std::multimap<std::string, std::string> state() {
    std::multimap<std::string, std::string> out;
    auto view = store_->view();
    std::vector<record::Ord> ords;
    EXPECT_TRUE(view->scan_ords(record::Ord(), [&](record::Ord ord, record::SourceNumber) {
      ords.push_back(ord);
      return true;
    }));
    for (record::Ord ord : ords) {
      EXPECT_TRUE(view->scan(ord, {}, [&](const record::StoredItem& item) -> Result<bool> {
        std::string text;
        TRY(view->open_canonical(item, text));
        out.emplace(text, std::to_string(item.row.header.version));
        return true;
      }));
    }
    return out;
  }

  void expect_sound() {
    auto report = store_->check({});
    ASSERT_TRUE(report) << report.error().text();
    for (const std::string& finding : report->findings) {
      ADD_FAILURE() << finding;
    }
  }

  static void expect_nothing_new(const LoadReport& report) {
    EXPECT_EQ(report.counts.created, 0U);
    EXPECT_EQ(report.counts.updated, 0U);
    EXPECT_EQ(report.counts.deleted, 0U);
  }

  // "file:line:entry code" of each refusal.
  static std::vector<std::string> refusals(const LoadReport& report) {
    std::vector<std::string> out;
    for (const LoadRefusal& refusal : report.refusals) {
      out.push_back(report.input.files[refusal.file].name + ":" + std::to_string(refusal.line) +
                    ":" + std::to_string(refusal.entry) + " " +
                    std::string(to_string(refusal.error.code)));
    }
    return out;
  }

  static std::string bundle(std::string_view kind, const std::vector<std::string>& entries) {
    std::string out = R"({"resourceType":"Bundle","type":")" + std::string(kind) + R"(","entry":[)";
    for (size_t i = 0; i < entries.size(); ++i) {
      out += (i > 0 ? "," : "") + entries[i];
    }
    return out + "]}";
  }

  static std::string entry(std::string_view resource, std::string_view full_url = {},
                           std::string_view request = {}) {
    std::string out = R"({"resource":)" + std::string(resource);
    out += full_url.empty() ? "" : R"(,"fullUrl":")" + std::string(full_url) + "\"";
    out += request.empty() ? "" : R"(,"request":)" + std::string(request);
    return out + "}";
  }

  static std::string patient(std::string_view id, std::string_view more = {}) {
    return R"({"resourceType":"Patient","id":")" + std::string(id) + "\"" + std::string(more) + "}";
  }

  static std::string observation(std::string_view id, std::string_view subject,
                                 std::string_view status = "final", std::string_view more = {}) {
    return R"({"resourceType":"Observation","id":")" + std::string(id) + R"(","status":")" +
           std::string(status) + R"(","subject":{"reference":")" + std::string(subject) + "\"}" +
           std::string(more) + "}";
  }

  using Texts = std::vector<std::string>;

  FakeClock clock_{{1'700'000'000'000'000}};
  MemoryFileSystem input_;
  std::unique_ptr<MemoryFileSystem> store_files_;
  std::unique_ptr<record::Store> store_;
  bool beside_writers_ = false;
  int texts_ = 0;
};

}  // namespace continuum::service
