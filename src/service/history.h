// history-instance: every version of one resource (http://hl7.org/fhir/R4/http.html#history).
#pragma once

#include "service/answer.h"
#include "service/context.h"
#include "service/read.h"

namespace continuum::service {

// A history Bundle, newest first; deletions without a resource; total counts all versions as of the
// first page. kNotFound as read; a deleted resource has a history all the same.
Result<Answer> history(const Context& context, const ResourceName& name, const Address& address,
                       const PageRequest& page);

}  // namespace continuum::service
