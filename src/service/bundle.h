// Writes a Bundle entry by entry into an answer (http://hl7.org/fhir/R4/bundle.html). Resources are
// spliced in as stored; nothing is parsed. `total` and links follow the entries, when they are
// known.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "service/answer.h"
#include "service/context.h"
#include "service/page_token.h"

namespace continuum::service {

inline constexpr std::string_view kStructureDefinitions =
    "https://continuum.example/fhir/StructureDefinition/";

// What the row of a version doesn't say.
struct VersionFacts {
  std::string deleted_id;         // of a deletion
  bool follows_deletion = false;  // what was deleted came back
};

class BundleWriter {
 public:
  // `type`: "searchset" or "history".
  BundleWriter(const Context& context, std::string_view type);
  BundleWriter(const BundleWriter&) = delete;
  BundleWriter& operator=(const BundleWriter&) = delete;

  // Says as of which commit everything in the Bundle is: meta.extension `as-at`. Before any entry.
  Status as_at(record::T t);
  // An entry with search mode "outcome". `outcome` is an OperationOutcome.
  Status add_outcome(std::string_view outcome);
  // The same with search mode "match", for a resource made for this answer. `path`: below the FHIR
  // base.
  Status add_made(std::string_view path, std::string_view resource);
  // The same with search mode "include": it is not counted.
  Status add_included(std::string_view path, std::string_view resource);
  // An entry with search mode "match"; gives its id. kCorrupt: the body does not open, or is not of
  // its type.
  Result<std::string> add_match(const record::StoredItem& item);
  // An entry of a history: request and response; no resource when it is a deletion.
  Status add_version(const record::StoredItem& item, const VersionFacts& facts);
  // `next`: the position after this page; nothing on the last page.
  // `total`: nothing when it was not counted.
  Result<Answer> finish(const Address& address, std::optional<uint64_t> total,
                        const std::optional<PageToken>& next) &&;

 private:
  Status start_entry(size_t resource_bytes);
  // Its id.
  Result<std::string> add_resource(const record::StoredItem& item);
  Status add_made(std::string_view path, std::string_view resource, std::string_view mode);
  void write_link(std::string_view relation, const Address& address, std::string_view page);

  const Context& context_;
  AnswerBuilder builder_;
  std::string& out_;
  bool first_ = true;
};

}  // namespace continuum::service
