// Where what staff and citizens write may stand, and what of it is theirs to change.
#pragma once

#include <string_view>

#include "access/visit.h"
#include "config/region.h"
#include "record/store.h"
#include "service/author.h"

namespace continuum::service {

// The place of the patient that a resource of that type is to be about, given the Patient's id.
// SAFETY: one error, and one entry in the ledger, for a patient of whom the caller may see no such
// items, who was deleted, or who is not there: kInvalid.
Result<record::Ord> place_of_author(access::Visit& visit, fhir::TypeNumber type,
                                    std::string_view patient);

// kNotFound when what is stored there, of a source of authors, is not the caller's own: somebody
// else wrote it for the same organisation, or the caller may see no such items of the person any
// more.
Status check_is_own(access::Visit& visit, const config::Region& region, const Author& author,
                    const record::Located& located);

}  // namespace continuum::service
