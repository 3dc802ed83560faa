// What staff and citizens write in their own name (access/may_write.h): who the author of it is,
// and what they may not say of themselves, of others and of it. Looks at the resource alone.
//
// The author element of each type (docs/writing.md has the table) names the caller as the token
// does: staff by the identifier of their user id, citizens by the Patient that the resource is
// about. Where it is missing it is filled in. Elements that say who else vouches for the resource
// name the caller too, or nobody.
//
// SAFETY: nothing else may stand beside such a name: a display, a reference or an extension would
// be read as somebody else's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "access/principal.h"
#include "base/result.h"
#include "fhir/types.h"
#include "json/document.h"

namespace continuum::service {

inline constexpr std::string_view kStaffIdSystem = "https://fhir.nhs.uk/Id/sds-user-id";

struct Author {
  access::PrincipalKind kind = access::PrincipalKind::kStaff;
  std::string user_id;       // staff
  std::string organisation;  // staff: ODS code
};
// Nothing for those who write for a source.
std::optional<Author> author_of(const access::Principal& principal);

struct Authored {
  fhir::TypeNumber type = 0;  // that authors may write
  std::string_view patient;   // id of the Patient it is about
  std::string_view base_url;  // of references to this store
};

// The id of the Patient of this store whom the resource says it is about (Task.for, else subject),
// by reference. Nothing when it says so of nobody, or in another way: who else it names, its author
// too, is not whose record it belongs in.
std::optional<std::string> patient_named(fhir::TypeNumber type, const json::Node& resource,
                                         std::string_view base_url);

enum class Filled : uint8_t { kNothing, kAuthor };

// Checks the resource, and fills in its author. kForbidden: somebody else is said to have written
// it or to vouch for it, or it has an element that authors may not set (labels, tags, profiles of
// its source, what changes its meaning, resources within it). Names the element.
Result<Filled> complete(const Author& author, const Authored& about, json::Document& document,
                        json::Node& resource);

// Whether a stored resource has the caller, alone or with their organisation, as its author.
bool is_by(const Author& author, const Authored& about, const json::Node& resource);

// The user id of the staff who is a stored resource's author; empty when none is.
std::string_view staff_named(fhir::TypeNumber type, const json::Node& resource);

}  // namespace continuum::service
