// Test help: a folder of case files, each one JSON document.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/file_system.h"
#include "json/document.h"

namespace continuum::json {

// Reads each file of `folder`, sorted by name, and gives its root to `use`, under a trace of its
// name. A folder without files, and a file that is no JSON, fails the test.
template <typename Use>
void for_each_case_file(const std::string& folder, const Use& use) {
  constexpr uint64_t kFileBytesMax = 1 << 20;
  const Result<std::vector<std::string>> names = posix_files().list(folder);
  ASSERT_TRUE(names) << names.error().text();
  ASSERT_FALSE(names->empty()) << folder;
  for (const std::string& name : *names) {
    SCOPED_TRACE(name);
    const Result<std::string> text = read_file(posix_files(), folder + "/" + name, kFileBytesMax);
    ASSERT_TRUE(text) << text.error().text();
    Document document;
    const Status parsed = document.parse(*text);
    ASSERT_TRUE(parsed) << parsed.error().text();
    use(*document.root());
  }
}

}  // namespace continuum::json
