// Histories: versions of one resource, or of all that is the caller's own
// (http://hl7.org/fhir/R4/http.html#history, docs/history.md).
//
// Every page is of the moment of the first: a version that is asked for and may be seen throughout
// is on exactly one page, whoever writes meanwhile.
#pragma once

#include <optional>

#include "fhir/date.h"
#include "service/answer.h"
#include "service/context.h"
#include "service/read.h"

namespace continuum::service {

struct HistoryQuery {
  std::optional<Instant> since;       // stored at or after
  std::optional<fhir::DateRange> at;  // current at some time in it
  record::Order order = record::Order::kNewestFirst;
};
// `until`: when the next version was made, if one was. A deletion is current at its own instant
// only: after it, nothing is.
bool is_chosen(const HistoryQuery& query, const record::RowHeader& version,
               std::optional<Instant> until);

// These give a history Bundle of at most page.size versions (which must be set); deletions have no
// resource. kInvalid for a page token of another question.

// Of one resource; total counts what is chosen, as of the first page. kNotFound as read; a deleted
// resource has a history all the same.
Result<Answer> history_of_resource(const Context& context, const ResourceName& name,
                                   const HistoryQuery& query, const Address& address,
                                   const PageRequest& page);
// Of the record of the citizen who asks, as far as it is kept under source patients of theirs;
// with total. What is kept with several of them is told once; where it left one of theirs and stays
// with nobody of them, that is its deletion. kConflict: other source patients are joined in them
// than when the first page was made. kTooLarge: it has more versions than can be put
// in order (limits.h).
Result<Answer> history_of_record(const Context& context, std::optional<fhir::TypeNumber> type,
                                 const HistoryQuery& query, const Address& address,
                                 const PageRequest& page);
// Of what the source of the system that asks has sent; without total. Neither time, bytes nor
// numbers depend on other sources. A page may hold fewer versions than asked for, or none, and a
// link to the next one, when it has looked at as much as it may (limits.h).
Result<Answer> history_of_source(const Context& context, std::optional<fhir::TypeNumber> type,
                                 const HistoryQuery& query, const Address& address,
                                 const PageRequest& page);

}  // namespace continuum::service
