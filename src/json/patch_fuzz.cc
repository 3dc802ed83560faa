// The first line is a patch, the rest a document. All or nothing, within limits, and the same
// again; what comes out reads back.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "json/patch.h"
#include "json/writer.h"

namespace {

using namespace continuum::json;

void check_result(const Document& document, const Document& again) {
  const Node& root = *document.root();
  const std::string text = write(root);
  CHECK(text == write(*again.root()));
  CHECK(same_value(root, *again.root()));
  if (root.is_object() || root.is_array()) {
    Document read;
    CHECK(read.parse(text).has_value());
    CHECK(equal(*read.root(), root));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = input.find('\n');
  if (line == std::string_view::npos) {
    return 0;
  }
  const PatchLimits limits = {
      .operations_max = 64, .added_weight_max = 64 * 1024, .steps_max = 100'000};
  const auto patch = Patch::parse(input.substr(0, line), limits);
  Document document;
  if (!patch || !document.parse(input.substr(line + 1))) {
    return 0;
  }
  CHECK(patch->operations().size() <= limits.operations_max);
  Document second;
  second.set_root(second.copy(*document.root()));
  const Node* root = document.root();
  const std::string before = write(*root);
  if (patch->apply(document)) {
    CHECK(patch->apply(second).has_value());
    check_result(document, second);
  } else {
    CHECK(document.root() == root);
    CHECK(write(*root) == before);
    CHECK(!patch->apply(second).has_value());
  }
  return 0;
}
