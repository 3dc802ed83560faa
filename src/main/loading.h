// Loading as a command: noted in the ledger, and told when it ends.
#pragma once

#include <string>

#include "config/region.h"
#include "record/store.h"
#include "service/load/load.h"
#include "service/load/load_socket.h"

namespace continuum::commands {

// kInvalid: the region has no source of that name. `where` it was said.
Status check_source(const config::Region& region, const std::string& name,
                    const std::string& where);

// For an operator's eyes: names places in the input, own ids and regional ids; no content.
service::LoadAnswer told(const service::LoadReport& report, const record::View& view,
                         double seconds);

// A load, with its begin and its end or failure in the ledger.
Result<service::LoadReport> load_noted(record::Store& store, const service::LoadOptions& options,
                                       const std::string& by,
                                       const service::LoadProgressSink& progress);

}  // namespace continuum::commands
