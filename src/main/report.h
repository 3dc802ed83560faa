// How the program says that something failed.
#pragma once

#include "base/result.h"

namespace continuum::commands {

// One line on standard error: "continuum: ...".
void report_error(const Error& error);
// Of config::load_region: each problem on a line of its own, FILE:LINE:COLUMN: text.
void report_region_error(const Error& error);

}  // namespace continuum::commands
