// Patient/[id]/$everything: the whole record of the person a source patient belongs to
// (http://hl7.org/fhir/R4/patient-operation-everything.html).
//
// One range scan for each source patient of the person, Patients first; bodies are spliced, none is
// parsed but for the author of a note. The first entry says what the record knows of itself
// (record_outcome.h).
//
// Who wrote what staff and citizens wrote follows each such item, as a Provenance with search mode
// "include" (provenance.h); when `types` has Provenance, of each item that is shown, whoever sent
// it.
//
// Hazards. Wrong person: members come from links alone, and every body opens only in its own place.
// Missing: an item that does not open fails the whole answer; totals are counted, not guessed; a
// page says when there is a next one. Stale: one moment of the store; every later page is read as
// of the first one's t. Silent failure: what failed to load, and who was not joined, stand in the
// answer.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "service/answer.h"
#include "service/context.h"

namespace continuum::service {

struct EverythingQuery {
  std::string patient;                  // id
  std::vector<fhir::TypeNumber> types;  // empty: all
  std::optional<Instant> since;         // versions stored at or after
  // Clinical date in [from, before). An item without a clinical date is always in: leaving it out
  // could hide an allergy.
  std::optional<Instant> from;
  std::optional<Instant> before;
  // The record as it was; who is joined with whom is decided by now.
  std::optional<std::variant<record::T, Instant>> as_of;
};

// A searchset Bundle. kNotFound, as for read; kGone when the Patient is deleted; kInvalid for a
// page token of another question and for a t that was not reached yet.
Result<Answer> everything(const Context& context, const EverythingQuery& query,
                          const Address& address, const PageRequest& page);

}  // namespace continuum::service
