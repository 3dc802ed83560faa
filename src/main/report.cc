#include "main/report.h"

#include <fmt/format.h>

#include <cstdio>

namespace continuum::commands {

void report_error(const Error& error) {
  fmt::print(stderr, "continuum: {}\n", error.text());
}

void report_region_error(const Error& error) {
  if (error.details.empty()) {
    report_error(error);
  }
  for (const ErrorDetail& detail : error.details) {
    fmt::print(stderr, "{}: {}\n", detail.where, detail.what);
  }
}

}  // namespace continuum::commands
