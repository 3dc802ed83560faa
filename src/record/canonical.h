// A resource in the form it is stored and sent in (docs/storage_format.md section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/instant.h"
#include "base/result.h"
#include "crypto/digest.h"
#include "json/document.h"

namespace continuum::record {

// Where a resource says which source it came from: an extension in meta.
inline constexpr std::string_view kSourceExtension =
    "https://continuum.example/fhir/StructureDefinition/record-source";

// Tags in meta that the server alone sets; those that came with a resource are taken out.
inline constexpr std::string_view kMarkSystem =
    "https://continuum.example/fhir/CodeSystem/record-mark";
inline constexpr std::string_view kStructureFaultsMark = "structure-faults";

struct Marks {
  bool has_structure_faults = false;  // it is not built as R4 says (fhir/structure.h)
};

struct Canonical {
  std::string body;
  uint16_t splice_offset = 0;
  crypto::Digest digest{};
};

// Brings `resource` (an object of `document`) to order: resourceType, id and meta first, meta
// without versionId and lastUpdated, with the source extension and the marks, everything else as it
// is. Changes the tree. `id` is the regional id's text. kInvalid: no resourceType of R4, or meta,
// its extension or its tag has the wrong shape. kTooLarge: over kBodyBytesMax. `out` is overwritten
// (its memory is reused).
Status canonicalise(json::Document& document, json::Node& resource, std::string_view id,
                    std::string_view source, Canonical& out, Marks marks = {});

// The id that a canonical body of that type begins with, spliced or not; a view into `body`.
// Nothing when it does not begin so.
std::optional<std::string_view> id_in(std::string_view body, std::string_view type);

// Appends the body with version and instant spliced in, as it leaves the store.
void append_spliced(std::string& out, std::string_view body, uint16_t splice_offset,
                    uint32_t version, Instant instant);

}  // namespace continuum::record
