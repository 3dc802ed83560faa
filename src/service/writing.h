// What the steps of a write share: who writes for which source, and what is known of each change so
// far. Internal to write.cc, write_names and write_homes.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "service/author.h"
#include "service/write.h"

namespace continuum::service {

// What is known of a change before anything is prepared.
struct ChangePlan {
  std::optional<record::Located> stored;
  bool keeps = false;   // a create that found what is there
  bool changes = true;  // else there is nothing to do: a delete that found nothing
  record::ResourceKey resource;
  std::string own_id;                   // empty: not known yet
  std::string made;                     // the body, where it is not the one that was sent
  std::optional<uint32_t> seen;         // the version that was looked into
  std::vector<std::string> candidates;  // references that place it with a patient
  std::string patient;                  // of authors: the id of the Patient it is about
  std::vector<record::Ord> also_about;
  std::optional<record::Ord> home;
  std::vector<fhir::Issue> warnings;

  // The resource's id; of one that is made, once the home is known.
  record::ResourceId id() const {
    return stored ? stored->id
                  : record::ResourceId{home.value_or(record::Ord()).bucket(), resource.id.hash,
                                       resource.id.given};
  }
};

struct Writing {
  Writing(const WriteContext& write_context, std::span<const Change> all)
      : context(write_context),
        changes(all),
        view(write_context.visit.whole_view()),
        plans(all.size()),
        author(author_of(write_context.visit.principal())) {}

  const WriteContext& context;
  std::span<const Change> changes;
  const record::View& view;
  std::vector<ChangePlan> plans;  // of each change
  std::optional<Author> author;   // of staff and citizens, who write in their own name
  std::string source_name;
  record::SourceNumber source = 0;
};

inline tl::unexpected<Error> invalid_write(std::string message, std::string where,
                                           std::string what) {
  return fail(ErrorCode::kInvalid, std::move(message), {{std::move(where), std::move(what)}});
}

}  // namespace continuum::service
