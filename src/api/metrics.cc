#include "api/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>

namespace continuum::api {
namespace {

constexpr size_t kStatusClasses = 6;
// From a warm read to a large record read cold, in seconds.
const prometheus::Histogram::BucketBoundaries kTimes{
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5};

}  // namespace

struct Metrics::State {
  prometheus::Registry registry;
  std::array<std::array<prometheus::Counter*, kStatusClasses>, kInteractionCount> requests{};
  std::array<prometheus::Histogram*, kInteractionCount> times{};
  std::array<prometheus::Counter*, kInteractionCount> bytes{};
  std::array<prometheus::Counter*, access::kTokenFaultCount> faults{};
  prometheus::Counter* ledger_failures = nullptr;

  void set(const std::string& name, const std::string& help, uint64_t value) {
    prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({}).Set(
        static_cast<double>(value));
  }
};

Metrics::Metrics() : state_(std::make_unique<State>()) {
  auto& requests = prometheus::BuildCounter()
                       .Name("continuum_requests_total")
                       .Help("Requests answered, by path pattern and status class")
                       .Register(state_->registry);
  auto& bytes = prometheus::BuildCounter()
                    .Name("continuum_answer_bytes_total")
                    .Help("Bytes of answers' bodies, by path pattern")
                    .Register(state_->registry);
  auto& times = prometheus::BuildHistogram()
                    .Name("continuum_request_seconds")
                    .Help("Time from a whole request to a whole answer, by path pattern")
                    .Register(state_->registry);
  auto& faults = prometheus::BuildCounter()
                     .Name("continuum_tokens_refused_total")
                     .Help("Access tokens not accepted, by reason")
                     .Register(state_->registry);
  for (int i = 0; i < access::kTokenFaultCount; ++i) {
    auto fault = static_cast<access::TokenFault>(i);
    state_->faults[static_cast<size_t>(i)] =
        &faults.Add({{"reason", std::string(access::to_string(fault))}});
  }
  state_->ledger_failures = &prometheus::BuildCounter()
                                 .Name("continuum_ledger_failures_total")
                                 .Help("Answers withheld because the ledger could not be written")
                                 .Register(state_->registry)
                                 .Add({});
  for (size_t i = 0; i < kInteractionCount; ++i) {
    const std::string path(pattern(static_cast<Interaction>(i)));
    for (size_t status_class = 2; status_class < kStatusClasses; ++status_class) {
      state_->requests[i][status_class] =
          &requests.Add({{"path", path}, {"status", std::to_string(status_class) + "xx"}});
    }
    state_->bytes[i] = &bytes.Add({{"path", path}});
    state_->times[i] = &times.Add({{"path", path}}, kTimes);
  }
}

Metrics::~Metrics() = default;

void Metrics::count(access::TokenFault fault) {
  state_->faults[static_cast<size_t>(fault)]->Increment();
}

void Metrics::count_ledger_failure() {
  state_->ledger_failures->Increment();
}

void Metrics::count(Interaction interaction, int status, size_t bytes,
                    std::chrono::nanoseconds time) {
  auto row = static_cast<size_t>(interaction);
  auto status_class = static_cast<size_t>(status) / 100;
  if (status_class >= 2 && status_class < kStatusClasses) {
    state_->requests[row][status_class]->Increment();
  }
  state_->bytes[row]->Increment(static_cast<double>(bytes));
  state_->times[row]->Observe(std::chrono::duration<double>(time).count());
}

void Metrics::tell(const service::DiskNumbers& disk) {
  state_->set("continuum_disk_free_bytes", "Free on the data folder's disk", disk.free_bytes);
  state_->set("continuum_ledger_reserve_bytes",
              "Kept on the disk for the ledger; 0 when it was given up", disk.reserve_bytes);
  state_->set("continuum_disk_low", "1 when the ledger's reserve is not whole or not free besides",
              disk.low ? 1 : 0);
}

std::string Metrics::text(const http::Statistics& statistics, uint64_t t, uint64_t ledger_size,
                          uint64_t checkpoint_age_seconds) const {
  State& state = *state_;
  state.set("continuum_store_t", "Number of the last commit", t);
  state.set("continuum_ledger_entries", "Entries of the ledger", ledger_size);
  state.set("continuum_checkpoint_age_seconds", "Since the newest checkpoint was made",
            checkpoint_age_seconds);
  state.set("continuum_connections", "Connections open", statistics.connections_open);
  state.set("continuum_connections_accepted", "Connections accepted since start",
            statistics.connections_accepted);
  state.set("continuum_connections_refused", "Connections refused since start: too many",
            statistics.connections_refused);
  state.set("continuum_requests_in_flight", "Requests being answered",
            statistics.requests_in_flight);
  state.set("continuum_requests_refused", "Requests answered 503 by the HTTP server since start",
            statistics.requests_refused);
  state.set("continuum_bytes_in_flight", "Bytes held for requests and answers",
            statistics.bytes_in_flight);
  state.set("continuum_timeouts", "Requests cut by a time limit since start", statistics.timeouts);
  state.set("continuum_bytes_in", "Bytes received since start", statistics.bytes_in);
  state.set("continuum_bytes_out", "Bytes sent since start", statistics.bytes_out);
  return prometheus::TextSerializer().Serialize(state.registry.Collect());
}

}  // namespace continuum::api
