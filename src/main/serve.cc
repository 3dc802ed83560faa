// continuum serve: the FHIR API on loopback, until SIGTERM or SIGINT.
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "access/http_fetcher.h"
#include "access/key_set_source.h"
#include "access/tokens.h"
#include "api/api.h"
#include "api/router.h"
#include "main/ledger_files.h"
#include "main/loading.h"
#include "main/report.h"
#include "main/store_options.h"
#include "main/subcommands.h"
#include "service/backup_socket.h"

namespace continuum::commands {
namespace {

constexpr std::chrono::milliseconds kStopGrace{10'000};
// A handler waits for blocks to be read, and a write for its sync: those that wait together share
// one.
constexpr unsigned kThreadsPerCore = 8;
constexpr std::chrono::milliseconds kWatchStep{1'000};
constexpr uint64_t kUnknownBodyBytesMax = uint64_t{1} << 20;
constexpr uint32_t kMillisPerSecond = 1'000;
constexpr std::chrono::milliseconds kBackupLineMsMax{5'000};
// Files that are replaced meanwhile don't go.
constexpr std::chrono::hours kBackupHoursMax{24};

struct ServeArguments {
  StoreArguments store;
  std::string config;
  std::string policy;
  LedgerFiles ledger;
  std::optional<uint16_t> port;
  std::string log = "all";
};

void raise_open_files_limit() {
  struct rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);  // without it fewer connections fit; the server copes
  }
}

// To be called before any thread starts, so that all inherit it and only wait_for_stop sees them.
sigset_t hold_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

void wait_for_stop(const sigset_t& signals) {
  int signal_number = 0;
  while (sigwait(&signals, &signal_number) != 0) {
  }
}

// An IPv6 address stands in brackets.
std::string shown_host(const std::string& address) {
  return address.find(':') == std::string::npos ? address : '[' + address + ']';
}

http::Limits to_http_limits(const config::Limits& limits) {
  http::Limits out;
  auto milliseconds = [](uint64_t seconds) {
    return static_cast<uint32_t>(seconds * kMillisPerSecond);
  };
  out.connections_max = static_cast<uint32_t>(limits.connections);
  out.requests_in_flight_max = std::min(out.requests_in_flight_max, out.connections_max);
  out.bytes_in_flight_max = limits.in_flight_bytes;
  out.header_bytes_max = static_cast<uint32_t>(limits.header_bytes);
  out.target_bytes_max = std::min(out.target_bytes_max, out.header_bytes_max);
  out.body_bytes_max = limits.body_bytes;
  out.header_ms_max = milliseconds(limits.request_seconds);
  out.body_ms_max = milliseconds(limits.request_seconds);
  out.write_ms_max = milliseconds(limits.request_seconds);
  out.idle_ms_max = milliseconds(limits.idle_seconds);
  return out;
}

api::LogRequests to_log(const std::string& word) {
  return word == "none"     ? api::LogRequests::kNone
         : word == "failed" ? api::LogRequests::kFailed
                            : api::LogRequests::kAll;
}

Result<std::unique_ptr<record::Store>> open_existing(const ServeArguments& arguments,
                                                     const config::Region& region) {
  TRY(record::StoreOptions options, to_store_options(arguments.store));
  if (!record::store_exists(posix_files(), options.data_folder)) {
    return fail(ErrorCode::kNotFound, "there is no store yet: load something first",
                {{options.data_folder, "continuum load PATH... --data " + options.data_folder}});
  }
  if (arguments.store.cache_mb == 0) {
    options.cache_bytes = region.cache_mb << 20;
  }
  return record::open_store(options);
}

http::Options to_server_options(const ServeArguments& arguments, const config::Region& region,
                                http::ByteBudget& budget) {
  http::Options options;
  options.address = region.listen.address;
  options.port = arguments.port.value_or(region.listen.port);
  options.threads = std::max(1U, std::thread::hardware_concurrency()) * kThreadsPerCore;
  options.limits = to_http_limits(region.limits);
  // SAFETY: bodies are read before tokens are. Who doesn't even bring one gets little of the
  // memory, and nothing but a resource needs more.
  options.body_limit = [](const http::Request& head) {
    bool is_form =
        head.headers.joined("Content-Type").find("x-www-form-urlencoded") != std::string::npos;
    return head.headers.contains("Authorization") && !is_form ? UINT64_MAX : kUnknownBodyBytesMax;
  };
  options.budget = &budget;
  options.error_body = api::Api::server_error;
  return options;
}

void look_after(service::DiskReserve& reserve) {
  using Event = service::DiskReserve::Event;
  auto event = reserve.look();
  if (!event) {
    report_error(event.error());
  } else if (*event == Event::kGivenUp) {
    report_error(
        {ErrorCode::kUnavailable,
         fmt::format("the disk is nearly full: the ledger's reserve was given up, {} bytes "
                     "are free; when they are used nothing will be answered",
                     reserve.numbers().free_bytes)});
  }
}

// Sees to it that checkpoints are written while the server runs, that there is room for the ledger,
// and that the issuers' keys do not grow old.
class Watch {
 public:
  Watch(service::Checkpoints& checkpoints, service::DiskReserve& reserve,
        access::KeySetSource& keys)
      : thread_([this, &checkpoints, &reserve, &keys] { run(checkpoints, reserve, keys); }) {}
  ~Watch() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    stopped_.notify_all();
    thread_.join();
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  void run(service::Checkpoints& checkpoints, service::DiskReserve& reserve,
           access::KeySetSource& keys) {
    std::unique_lock lock(mutex_);
    while (!stopped_.wait_for(lock, kWatchStep, [this] { return stopping_; })) {
      look_after(reserve);
      keys.refresh();
      if (Status written = checkpoints.write_when_due(); !written) {
        report_error(written.error());
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::thread thread_;  // the last: it uses the others
};

// An issuer whose file cannot be read is no reason to keep out those who come from others: the file
// is read again while the server runs.
void begin_with_keys(access::KeySetSource& keys, const config::Region& region) {
  keys.start();
  for (const config::Issuer& issuer : region.issuers) {
    if (issuer.jwks_file.empty()) {
      continue;
    }
    if (auto failure = keys.last_failure(issuer.url)) {
      failure->details.push_back({issuer.jwks_file, "jwks_file of " + issuer.url});
      report_error(*failure);
    }
  }
}

// Without it the server still serves, and is to be stopped for a backup.
std::unique_ptr<service::BackupSocket> take_backups(record::Store& store,
                                                    const std::string& data_folder) {
  auto socket = service::BackupSocket::start(
      {.store = store,
       .path = service::backup_socket_path(data_folder),
       .note =
           [&store, by = user_name()](std::string_view outcome, std::string_view details) {
             return record_command(store, "backup", by, outcome, details);
           },
       .line_ms_max = kBackupLineMsMax,
       .session_ms_max = kBackupHoursMax});
  if (!socket) {
    report_error(socket.error());
  }
  return socket ? std::move(*socket) : nullptr;
}

// Without it the server still serves, and is to be stopped for a load.
std::unique_ptr<service::LoadSocket> take_loads(record::Store& store, const config::Region& region,
                                                const std::string& data_folder) {
  auto carry_out = [&store, &region, by = user_name()](
                       const service::LoadOrder& order, const service::LoadProgressSink& progress,
                       const std::atomic<bool>& stop) -> Result<service::LoadAnswer> {
    TRY(check_source(region, order.source, "--source NAME"));
    const auto start = std::chrono::steady_clock::now();
    service::LoadOptions options;
    options.paths = order.paths;
    options.source = order.source;
    options.threads = order.threads;
    options.beside_writers = true;
    options.stop = &stop;
    TRY(service::LoadReport report, load_noted(store, options, by, progress));
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    return told(report, *store.view(), took.count());
  };
  auto socket = service::LoadSocket::start(
      {.path = service::load_socket_path(data_folder), .carry_out = std::move(carry_out)});
  if (!socket) {
    report_error(socket.error());
  }
  return socket ? std::move(*socket) : nullptr;
}

Status serve(const ServeArguments& arguments, const config::Region& region) {
  raise_open_files_limit();
  sigset_t signals = hold_stop_signals();
  if (region.issuers.empty()) {
    return fail(ErrorCode::kInvalid, "the region has no [[issuer]]: nobody could sign in",
                {{arguments.config, "add [[issuer]] url = ..., kinds = [...]"}});
  }
  LedgerFiles ledger_files = arguments.ledger;
  TRY(settle(ledger_files, arguments.store.data));
  TRY(auto policy, access::Policy::load(posix_files(), arguments.policy));
  TRY(auto store, open_existing(arguments, region));
  SystemClock clock;
  TRY(auto checkpoints, open_checkpoints(ledger_files, region, *store, clock));
  TRY(auto door, access::Door::open({.store = *store, .region = region, .clock = clock}, policy));
  TRY(record_command(*store, "serve", "begun", "{}"));
  auto backups = take_backups(*store, without_trailing_slash(arguments.store.data));
  auto loads = take_loads(*store, region, without_trailing_slash(arguments.store.data));
  access::HttpFetcher fetcher;
  access::KeySetSource keys(region, fetcher, posix_files(), clock);
  begin_with_keys(keys, region);
  access::TokenVerifier tokens(region, keys, clock);

  http::ByteBudget budget(region.limits.in_flight_bytes);
  api::Api api(
      {.store = *store,
       .region = region,
       .door = *door,
       .checkpoints = *checkpoints,
       .authenticate = [&tokens](std::string_view field) { return tokens.verify_detailed(field); },
       .budget = budget,
       .software_version = CONTINUUM_VERSION,
       .log = to_log(arguments.log)});
  // Not yet there when the first requests are: /metrics then says zeros.
  std::atomic<http::Server*> running{nullptr};
  api.watch([&running] {
    http::Server* server = running.load();
    return server != nullptr ? server->statistics() : http::Statistics();
  });
  service::DiskReserve reserve(
      service::posix_reserve_file(without_trailing_slash(arguments.store.data) + "/reserve"),
      region.limits.ledger_reserve_mb << 20);
  look_after(reserve);
  api.watch_disk([&reserve] { return reserve.numbers(); });
  TRY(auto server, http::Server::start(to_server_options(arguments, region, budget),
                                       [&api](const http::Request& request, http::Reply reply) {
                                         api.handle(request, std::move(reply));
                                       }));
  running.store(server.get());
  fmt::print("listening on http://{}:{}{}\nverifier key: {}\n", shown_host(region.listen.address),
             server->port(), api::path_of(region.base_url), ledger_files.verifier);
  std::fflush(stdout);
  {
    Watch watch(*checkpoints, reserve, keys);
    wait_for_stop(signals);
    server->stop(kStopGrace);
  }
  running.store(nullptr);
  loads.reset();
  backups.reset();
  TRY(record_command(*store, "serve", "done", "{}"));
  TRY(checkpoints->write());
  return store->flush();
}

int run(const ServeArguments& arguments) {
  auto region = config::load_region(posix_files(), arguments.config);
  if (!region) {
    report_region_error(region.error());
    return kExitEnvironment;
  }
  if (Status served = serve(arguments, *region); !served) {
    report_error(served.error());
    return kExitEnvironment;
  }
  return kExitDone;
}

}  // namespace

void add_serve(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("serve", "Serve the FHIR API on loopback");
  auto arguments = std::make_shared<ServeArguments>();
  verb->add_option("--config", arguments->config, "region.toml")->required();
  add_store_arguments(*verb, arguments->store);
  verb->add_option("--policy", arguments->policy, "Who may see what: see docs/policy.md")
      ->required();
  add_ledger_files(*verb, arguments->ledger);
  verb->add_option("--port", arguments->port, "Instead of region.toml's; 0: any free port");
  verb->add_option("--log", arguments->log, "Requests to log: all, failed or none")
      ->check(CLI::IsMember({"all", "failed", "none"}));
  verb->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace continuum::commands
