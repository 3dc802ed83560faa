// The whole record of random persons out of all: everything known of one person, in one Bundle.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "bench/benchmarks.h"
#include "bench/floors.h"

namespace continuum::bench {
namespace {

constexpr unsigned kManyClients = 8;
constexpr double kUsualResources = 300;  // what figures are scaled to
constexpr uint64_t kUsualMin = 250;
constexpr uint64_t kUsualMax = 350;
constexpr double kAllowedAboveCacheMb = 300;

// Writes back, then lets the page cache forget the files of a folder. Needs no privilege.
void evict(const std::string& folder) {
  ::sync();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    int file = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
      ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
      ::close(file);
    }
  }
}

double per_usual(double value, const Measured& measured) {
  return value * kUsualResources / measured.mean_resources();
}

class WholeRecord {
 public:
  WholeRecord(Stage& stage, const Facts& facts) : stage_(stage), facts_(facts) {
    for (const Target& target : facts.records) {
      if (target.resources >= kUsualMin && target.resources <= kUsualMax) {
        usual_.push_back(target);
      }
    }
  }

  Status run() {
    TRY(Server first, Server::start(stage_.place()));
    TRY(fetch(first.peer(), typical()));  // it has read its issuer's keys from then on
    TRY(Measured warming, drive(first.peer(), traffic(facts_.records, 1)));
    TRY(measure_floors(warming));
    measure_parts();
    TRY(add_one_client("record: warm, 1 client", first, traffic(facts_.records, 1)));
    TRY(add_many_clients("record: warm, 8 clients", first, facts_.records));
    TRY(add_gzip(first));
    if (!usual_.empty()) {
      TRY(measure_usual(first));
    }
    add_memory(first);
    first.stop(SIGTERM);
    return measure_cold();
  }

 private:
  Traffic traffic(const std::vector<Target>& targets, unsigned clients) const {
    return {.targets = targets, .clients = clients, .seconds = stage_.options().seconds};
  }

  // A constant answer as large as the mean of `like`.
  Status measure_floors(const Measured& like) {
    const auto size = static_cast<size_t>(like.mean_bytes());
    TRY(ConstantServer constant,
        ConstantServer::start(stage_.place().file(""), std::string(size, 'x'),
                              ConstantServer::Receipts::kDurable));
    std::vector<Target> targets = {
        {.path = "/",
         .resources = static_cast<uint64_t>(std::max(1.0, like.mean_resources() + 0.5))}};
    TRY(one_floor_, drive(constant.peer(), traffic(targets, 1)));
    TRY(many_floor_, drive(constant.peer(), traffic(targets, kManyClients)));
    return {};
  }

  // What 300 resources cost when opened and copied from memory by one thread.
  void measure_parts() {
    const double seconds = std::min(1.0, stage_.options().seconds);
    const double open_us = open_floor_us(facts_, seconds) * kUsualResources;
    const double copy_us = copy_floor_us(facts_, seconds) * kUsualResources;
    parts_us_ = open_us + copy_us;
    stage_.report().note(
        fmt::format("floor of the CPU of 300 resources: opening {:.0f} us (limits: ~570), copying "
                    "{:.0f} us (limits: 42), and the constant answer",
                    open_us, copy_us));
  }

  static Row row_of(std::string operation, const Measured& measured) {
    Row row{.operation = std::move(operation)};
    row.cpu_us = measured.cpu_us;
    row.p50_ms = measured.p50_ms;
    row.p99_ms = measured.p99_ms;
    return row;
  }

  Status add_one_client(const std::string& operation, const Server& server, const Traffic& asked) {
    TRY(Measured measured, drive(server.peer(), asked));
    Row row = row_of(operation, measured);
    row.figure = measured.p50_ms;
    row.unit = "ms";
    row.better = Better::kLower;
    row.floor = one_floor_.p50_ms;
    row.floor_cpu_us = one_floor_.cpu_us;
    stage_.report().add(row);
    add_scaled(operation, measured);
    return {};
  }

  // The same for a record of the usual size.
  void add_scaled(const std::string& operation, const Measured& measured) {
    auto milliseconds = [](const Measured& of) {
      return per_usual(of.busy_seconds * 1e3 / static_cast<double>(of.answers), of);
    };
    Row row{.operation = operation + ", per 300 resources"};
    row.figure = milliseconds(measured);
    row.unit = "ms";
    row.better = Better::kLower;
    row.floor = milliseconds(one_floor_);
    row.limits = "0.30 (0.8 opened)";
    row.target = "1.2 ms";
    row.cpu_us = per_usual(measured.cpu_us, measured);
    row.floor_cpu_us = per_usual(one_floor_.cpu_us, one_floor_) + parts_us_;
    stage_.report().add(row);
    stage_.report().note(fmt::format("{}: {} answers, mean {:.0f} resources, {:.0f} kB", operation,
                                     measured.answers, measured.mean_resources(),
                                     measured.mean_bytes() / 1e3));
  }

  Status add_many_clients(const std::string& operation, const Server& server,
                          const std::vector<Target>& targets) {
    TRY(Measured measured, drive(server.peer(), traffic(targets, kManyClients)));
    Row row = row_of(operation, measured);
    row.figure = measured.per_second();
    row.unit = "req/s";
    row.floor = many_floor_.per_second();
    row.floor_cpu_us = many_floor_.cpu_us;
    stage_.report().add(row);

    Row scaled{.operation = operation + ", per 300 resources"};
    scaled.figure = measured.per_second() * measured.mean_resources() / kUsualResources;
    scaled.unit = "req/s";
    scaled.floor = many_floor_.per_second() * many_floor_.mean_resources() / kUsualResources;
    scaled.limits = "3.1k (1.2k opened)";
    scaled.target = "1000/s";
    scaled.cpu_us = per_usual(measured.cpu_us, measured);
    scaled.floor_cpu_us = per_usual(many_floor_.cpu_us, many_floor_) + parts_us_;
    stage_.report().add(scaled);
    return {};
  }

  Status add_gzip(const Server& server) {
    Traffic asked = traffic(facts_.records, 1);
    asked.accept_encoding = "gzip";
    TRY(Measured measured, drive(server.peer(), asked));
    TRY(std::string text, fetch(server.peer(), typical()));
    Row row = row_of("record: warm, 1 client, gzip", measured);
    row.figure = measured.p50_ms;
    row.unit = "ms";
    row.better = Better::kLower;
    row.floor_cpu_us = gzip_floor_us(text, 1) + one_floor_.cpu_us;
    row.limits = "1180 us CPU";
    stage_.report().add(row);
    stage_.report().note(
        fmt::format("gzip: mean {:.0f} kB sent; its floor: gzip of one record of "
                    "{:.0f} kB in memory, and the constant answer",
                    measured.mean_bytes() / 1e3, static_cast<double>(text.size()) / 1e3));
    return {};
  }

  // The record whose size is nearest to the mean.
  const Target& typical() const {
    const uint64_t mean = facts_.items / facts_.records.size();
    return *std::min_element(
        facts_.records.begin(), facts_.records.end(), [mean](const Target& a, const Target& b) {
          auto far = [mean](uint64_t n) { return n > mean ? n - mean : mean - n; };
          return far(a.resources) < far(b.resources);
        });
  }

  Status measure_usual(const Server& server) {
    TRY(Measured warming, drive(server.peer(), traffic(usual_, 1)));
    Measured one = one_floor_;
    Measured many = many_floor_;
    TRY(measure_floors(warming));
    const std::string name = fmt::format("record: of {}-{} resources, ", kUsualMin, kUsualMax);
    TRY(add_one_client(name + "1 client", server, traffic(usual_, 1)));
    TRY(add_many_clients(name + "8 clients", server, usual_));
    one_floor_ = one;
    many_floor_ = many;
    return {};
  }

  void add_memory(const Server& server) {
    Row row{.operation = "memory: serve, peak of the record run"};
    row.figure = peak_resident_mb(server.pid());
    row.unit = "MB";
    row.better = Better::kLower;
    row.target =
        fmt::format("{:.0f} MB", static_cast<double>(stage_.cache_mb()) + kAllowedAboveCacheMb);
    row.rss_mb = resident_mb(server.pid());
    stage_.report().add(row);
  }

  // A server just started, its files out of the page cache; nobody is asked for twice.
  Status measure_cold() {
    evict(stage_.place().data());
    TRY(Server server, Server::start(stage_.place()));
    TRY(fetch(server.peer(), facts_.reads.front()));
    Traffic asked = traffic(facts_.records, 1);
    asked.order = Order::kOnceEach;
    asked.seed = 2;
    TRY(add_one_client("record: cold, 1 client", server, asked));
    server.stop(SIGTERM);
    stage_.report().note(
        "cold: server restarted, store's files dropped from the page cache by posix_fadvise "
        "DONTNEED, every person asked for once at most");
    return {};
  }

  Stage& stage_;
  const Facts& facts_;
  std::vector<Target> usual_;
  double parts_us_ = 0;
  Measured one_floor_;
  Measured many_floor_;
};

}  // namespace

Status bench_whole_record(Stage& stage) {
  TRY(const Facts* facts, stage.facts());
  return WholeRecord(stage, *facts).run();
}

}  // namespace continuum::bench
