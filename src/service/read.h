// read and vread: one resource by type and id (http://hl7.org/fhir/R4/http.html#read).
#pragma once

#include <string_view>

#include "service/answer.h"
#include "service/context.h"

namespace continuum::service {

struct ResourceName {
  fhir::TypeNumber type = 0;
  std::string_view id;
};

// Where it is. kNotFound, with one and the same error, for what was never there, what is no id, and
// what the caller may see nothing of.
Result<record::Located> locate(access::Visit& view, const ResourceName& name);

// The current version. kNotFound as locate(); kGone when it was deleted.
Result<record::StoredItem> find_current(access::Visit& view, const ResourceName& name);
// One version. kNotFound; kGone when that version is the deletion.
Result<record::StoredItem> find_version(access::Visit& view, const ResourceName& name,
                                        uint32_t version);
// Whether nobody can hold another version that looks as old as this one to the second, which is as
// fine as HTTP dates are.
Result<bool> is_alone_in_its_second(access::Visit& view, const record::StoredItem& item);

// The resource as JSON. kBusy, kCorrupt.
Result<Answer> open_resource(const Context& context, const record::StoredItem& item);

}  // namespace continuum::service
