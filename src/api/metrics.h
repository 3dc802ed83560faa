// What the server counts, in Prometheus' text format. Labels are interactions and status classes:
// nothing of a request's content.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "access/token_fault.h"
#include "api/router.h"
#include "http/server.h"
#include "service/disk_reserve.h"

namespace continuum::api {

// Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  void count(Interaction interaction, int status, size_t bytes, std::chrono::nanoseconds time);
  // A token that was not accepted.
  void count(access::TokenFault fault);
  // An answer withheld because the ledger could not be written.
  void count_ledger_failure();
  // What text() says of the disk from now on; before, nothing.
  void tell(const service::DiskNumbers& disk);
  // `statistics`: of the HTTP server. `t`: the store's last commit. `ledger_size`: in entries.
  std::string text(const http::Statistics& statistics, uint64_t t, uint64_t ledger_size,
                   uint64_t checkpoint_age_seconds) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace continuum::api
