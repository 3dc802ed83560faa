// Any JSON that is taken in comes out as JSON with all it held, and is its own canonical form.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "json/writer.h"
#include "record/canonical.h"

namespace {

using namespace continuum;

constexpr std::string_view kId = "00000000000000000000000000ab";

bool canonical_of(std::string_view text, record::Canonical& out) {
  json::Document document;
  return document.parse(text) && record::canonicalise(document, *document.root(), kId, "gp", out);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  record::Canonical canonical;
  if (!canonical_of(text, canonical)) {
    return 0;
  }
  std::string sent;
  record::append_spliced(sent, canonical.body, canonical.splice_offset, 7, Instant{0});
  json::Document document;
  CHECK(document.parse(sent).has_value());
  CHECK(json::write(*document.root()) == sent);
  CHECK(document.root()->find("meta")->string("versionId") == "7");

  record::Canonical again;
  CHECK(canonical_of(sent, again));
  CHECK(again.body == canonical.body);
  CHECK(again.splice_offset == canonical.splice_offset);

  // All but id and meta is what was sent.
  json::Document before;
  CHECK(before.parse(text).has_value());
  for (json::Document* each : {&before, &document}) {
    for (const char* name : {"id", "meta"}) {
      if (json::Node* member = each->root()->find(name)) {
        json::Document::remove(*each->root(), *member);
      }
    }
  }
  CHECK(json::equal(*before.root(), *document.root()));
  return 0;
}
