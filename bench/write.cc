// Writing over the API: creates and transactions by one source's system, and small ones beside a
// very large one.
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/file_system.h"
#include "bench/benchmarks.h"
#include "bench/floors.h"
#include "bench/time.h"
#include "json/document.h"

namespace continuum::bench {
namespace {

constexpr size_t kPatients = 500;
constexpr size_t kBodies = 200;  // sent in turn; every one makes new resources each time
constexpr size_t kSmallEntries = 5;
constexpr size_t kLargeEntries = 100;
constexpr size_t kHugeEntries = 25'000;
constexpr unsigned kSmallWriters = 8;
constexpr double kBesideSecondsMin = 10;  // long enough for some huge ones
constexpr unsigned kPairWriters = 64;
constexpr double kLoadPeopleShare = 0.4;  // of the region's: another region's, into the server
constexpr uint32_t kLoadPeopleMin = 200;
constexpr const char* kBase = "/fhir";

// About 600 bytes, as a laboratory would send it.
std::string observation(std::string_view subject, uint64_t number) {
  return fmt::format(
      R"({{"resourceType":"Observation","status":"final","category":[{{"coding":[{{"system":)"
      R"("http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}}]}}],)"
      R"("code":{{"coding":[{{"system":"http://example.org/codes","code":"c{0}",)"
      R"("display":"A thing that was measured"}}],"text":"A thing that was measured"}},)"
      R"("subject":{{"reference":"{1}"}},"effectiveDateTime":"2025-03-{2:02}T10:00:00+00:00",)"
      R"("issued":"2025-03-{2:02}T11:00:00.000Z","valueQuantity":{{"value":{3}.5,"unit":"mmol/L",)"
      R"("system":"http://unitsofmeasure.org","code":"mmol/L"}}}})",
      number % 400, subject, 1 + number % 28, number % 90);
}

std::string posted(const char* type, const std::string& resource) {
  return fmt::format(R"({{"resource":{},"request":{{"method":"POST","url":"{}"}}}})", resource,
                     type);
}

std::string transaction_of(const std::string& entries) {
  return R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entries + "]}";
}

std::string transaction(std::string_view subject, size_t entries, uint64_t from) {
  std::string all;
  for (size_t i = 0; i < entries; ++i) {
    all += (i == 0 ? "" : ",") + posted("Observation", observation(subject, from + i));
  }
  return transaction_of(all);
}

// A new Patient and what was observed of it.
std::string pair_transaction(uint64_t number) {
  return transaction_of(
      fmt::format(R"({{"fullUrl":"urn:uuid:p","resource":{{"resourceType":"Patient","name":)"
                  R"([{{"family":"Pair-{}"}}],"birthDate":"1980-01-31"}},)"
                  R"("request":{{"method":"POST","url":"Patient"}}}},)",
                  number) +
      posted("Observation", observation("urn:uuid:p", number)));
}

// Its own Patient first.
std::string huge_transaction(size_t entries) {
  std::string all = R"({"fullUrl":"urn:uuid:p","resource":{"resourceType":"Patient"},)"
                    R"("request":{"method":"POST","url":"Patient"}})";
  for (size_t i = 1; i < entries; ++i) {
    all += "," + posted("Observation", observation("urn:uuid:p", i));
  }
  return transaction_of(all);
}

class Writing {
 public:
  Writing(Stage& stage, Server& server, std::string source)
      : stage_(stage), server_(server), source_(std::move(source)) {}

  Status measure() {
    TRY(make_patients());
    const uint64_t before = bytes_written(server_.pid());
    TRY(measure_traffic("write: create", 1, creates()));
    TRY(measure_traffic("write: create", 32, creates()));
    TRY(measure_traffic("write: Patient + Observation", kPairWriters, pairs(), "4k/s"));
    for (unsigned clients : {1U, 8U, 32U, 128U}) {
      TRY(measure_traffic("write: transaction of 5", clients, transactions(kSmallEntries)));
    }
    for (unsigned clients : {1U, 8U}) {
      TRY(measure_traffic("write: transaction of 100", clients, transactions(kLargeEntries)));
    }
    add_amplification(bytes_written(server_.pid()) - before);
    TRY(measure_beside_a_huge_one());
    return measure_beside_a_load();
  }

 private:
  Target target(std::string path, std::string body, uint64_t resources) const {
    return {.path = std::move(path),
            .resources = resources,
            .body = std::move(body),
            .source = source_};
  }

  Status make_patients() {
    std::string all;
    for (size_t i = 0; i < kPatients; ++i) {
      all += (i == 0 ? "" : ",") +
             posted("Patient", fmt::format(R"({{"resourceType":"Patient","name":[{{"family":)"
                                           R"("Bench-{}"}}],"birthDate":"1980-01-31"}})",
                                           i));
    }
    TRY(const std::string answer, fetch(server_.peer(), target(kBase, transaction_of(all), 1)));
    json::Document document;
    TRY(document.parse(answer));
    const json::Node* entries = document.root()->find("entry");
    if (entries == nullptr) {
      return fail(ErrorCode::kInternal, "no patient was made");
    }
    for (const json::Node& entry : json::children(*entries)) {
      const json::Node* response = entry.find("response");
      const std::string_view location =
          response == nullptr ? std::string_view() : response->string("location");
      patients_.emplace_back(location.substr(0, location.find("/_history/")));
    }
    return {};
  }

  std::vector<Target> creates() const {
    std::vector<Target> targets;
    for (size_t i = 0; i < kBodies; ++i) {
      targets.push_back(target(std::string(kBase) + "/Observation",
                               observation(patients_[i % patients_.size()], i), 1));
    }
    return targets;
  }

  std::vector<Target> pairs() const {
    std::vector<Target> targets;
    for (size_t i = 0; i < kBodies; ++i) {
      targets.push_back(target(kBase, pair_transaction(i), 2));
    }
    return targets;
  }

  std::vector<Target> transactions(size_t entries) const {
    std::vector<Target> targets;
    for (size_t i = 0; i < kBodies; ++i) {
      targets.push_back(
          target(kBase, transaction(patients_[i % patients_.size()], entries, i), entries));
    }
    return targets;
  }

  Status measure_traffic(const char* what, unsigned clients, const std::vector<Target>& targets,
                         const char* goal = "") {
    const Traffic traffic{
        .targets = targets, .clients = clients, .seconds = stage_.options().seconds};
    TRY(const Measured measured, drive(server_.peer(), traffic));
    const auto mean_bytes = static_cast<size_t>(measured.mean_bytes());
    TRY(ConstantServer constant,
        ConstantServer::start(stage_.place().file(""), std::string(mean_bytes, 'x'),
                              ConstantServer::Receipts::kDurable));
    const uint64_t floor_before = bytes_written(constant.peer().pid);
    TRY(const Measured floor, drive(constant.peer(), traffic));
    floor_written_ += bytes_written(constant.peer().pid) - floor_before;
    floor_posted_ += floor.bytes_posted;
    posted_ += measured.bytes_posted;
    resources_ += measured.resources;
    Row row;
    row.operation = fmt::format("{}, {} client{}", what, clients, clients == 1 ? "" : "s");
    row.figure = measured.per_second();
    row.unit = "req/s";
    row.floor = floor.per_second();
    row.target = goal;
    row.cpu_us = measured.cpu_us;
    row.floor_cpu_us = floor.cpu_us;
    row.p50_ms = measured.p50_ms;
    row.p99_ms = measured.p99_ms;
    row.rss_mb = resident_mb(server_.pid());
    stage_.report().add(row);
    return {};
  }

  void add_amplification(uint64_t written) {
    auto ratio = [](uint64_t bytes, uint64_t of) {
      return static_cast<double>(bytes) / static_cast<double>(of == 0 ? 1 : of);
    };
    Row row;
    row.operation = "write: bytes to the disk for a byte sent";
    row.figure = ratio(written, posted_);
    row.unit = "B";
    row.better = Better::kLower;
    row.floor = ratio(floor_written_, floor_posted_);
    stage_.report().add(row);
    stage_.report().note(fmt::format(
        "write: {} resources, {} MB of bodies, {} MB to the disk by the server ({:.0f} B a "
        "resource), with what it flushed and compacted meanwhile",
        resources_, posted_ >> 20, written >> 20, ratio(written, resources_)));
  }

  // Of kHugeEntries, or as many as go in when the server takes no body of that size.
  Result<Target> largest_taken() {
    for (size_t entries = kHugeEntries;; entries /= 2) {
      Target huge = target(kBase, huge_transaction(entries), entries);
      auto answer = fetch(server_.peer(), huge);
      if (answer) {
        return huge;
      }
      if (answer.error().message != "answered 413" || entries == 1) {
        return fail(answer.error());
      }
      stage_.report().note(fmt::format("write: a transaction of {} entries, {:.1f} MB, is refused",
                                       entries, static_cast<double>(huge.body.size()) / 1e6));
    }
  }

  Status measure_beside_a_huge_one() {
    const std::vector<Target> small = creates();
    const Traffic traffic{.targets = small,
                          .clients = kSmallWriters,
                          .seconds = std::max(kBesideSecondsMin, stage_.options().seconds)};
    TRY(const Measured alone, drive(server_.peer(), traffic));
    TRY(const Target huge, largest_taken());
    std::atomic<bool> is_over{false};
    std::vector<double> huge_ms;
    Status written;
    std::thread writer([&] {
      while (!is_over.load() && written) {
        const auto start = SteadyClock::now();
        auto answer = fetch(server_.peer(), huge);
        if (!answer) {
          written = fail(answer.error());
          return;
        }
        huge_ms.push_back(seconds_since(start) * 1e3);
      }
    });
    auto beside = drive(server_.peer(), traffic);
    is_over = true;
    writer.join();
    TRY(written);
    TRY(const Measured measured, beside);
    Row row;
    row.operation =
        fmt::format("write: p99 of a create, 8 clients, beside transactions of {}", huge.resources);
    row.figure = measured.p99_ms;
    row.unit = "ms";
    row.better = Better::kLower;
    row.floor = alone.p99_ms;
    row.target = "< 3x alone";
    row.p50_ms = measured.p50_ms;
    row.p99_ms = measured.p99_ms;
    row.rss_mb = peak_resident_mb(server_.pid());
    stage_.report().add(row);
    const Percentiles of_huge = percentiles(huge_ms);
    stage_.report().note(fmt::format(
        "write: floor of the row beside a transaction of {} entries ({:.1f} MB): the same "
        "creates alone, {:.0f}/s, p50 {:.2f} ms, the longest {:.0f} ms; beside it {:.0f}/s, the "
        "longest {:.0f} ms (a client that waits asks nothing, "
        "so the 99th of 100 says less); {} such transactions, the middle one {:.0f} ms; resident: "
        "the most at any time",
        huge.resources, static_cast<double>(huge.body.size()) / 1e6, alone.per_second(),
        alone.p50_ms, alone.max_ms, measured.per_second(), measured.max_ms, huge_ms.size(),
        of_huge.p50));
    return {};
  }

  // Files of people nobody knows yet, into the server; and into an empty store of their own, by the
  // same program, while nothing else has it.
  Status measure_beside_a_load() {
    const Place& place = stage_.place();
    const auto people =
        std::max(kLoadPeopleMin, static_cast<uint32_t>(kLoadPeopleShare * stage_.options().people));
    const std::string folder = place.file("others");
    TRY(place.run("others",
                  {"synth", "--people", std::to_string(people), "--seed", "2", "--out", folder}));
    const std::string files = folder + "/" + source_;
    const Place apart(place.program(), place.file("apart"));
    TRY(apart.create());
    TRY(const LoadFigures floor, apart.load(files, source_, Stage::load_cache_mb()));

    const std::vector<Target> small = creates();
    const Traffic traffic{
        .targets = small, .clients = kSmallWriters, .seconds = stage_.options().seconds};
    TRY(const Measured alone, drive(server_.peer(), traffic));
    Result<LoadFigures> loaded = LoadFigures();
    std::thread loader([&] { loaded = place.load(files, source_, Stage::load_cache_mb()); });
    auto beside = drive(server_.peer(), traffic);
    loader.join();
    TRY(const LoadFigures figures, loaded);
    TRY(const Measured measured, beside);

    Row load;
    load.operation = "write: load into the running server, 8 clients creating";
    load.figure = figures.per_second();
    load.unit = "res/s";
    load.floor = floor.per_second();
    load.rss_mb = peak_resident_mb(server_.pid());
    stage_.report().add(load);
    Row row;
    row.operation = "write: p99 of a create, 8 clients, beside that load";
    row.figure = measured.p99_ms;
    row.unit = "ms";
    row.better = Better::kLower;
    row.floor = alone.p99_ms;
    row.p50_ms = measured.p50_ms;
    row.p99_ms = measured.p99_ms;
    stage_.report().add(row);
    stage_.report().note(fmt::format(
        "write: floor of the load into the server: the same {} resources into an empty store that "
        "nobody serves; it took {:.1f} s beside {:.1f} s of creates, of which {:.0f}/s were done "
        "({:.0f}/s alone), the longest {:.0f} ms ({:.0f} alone)",
        figures.resources, figures.seconds, traffic.seconds, measured.per_second(),
        alone.per_second(), measured.max_ms, alone.max_ms));
    return {};
  }

  Stage& stage_;
  Server& server_;
  std::string source_;
  std::vector<std::string> patients_;  // "Patient/[id]"
  uint64_t posted_ = 0;
  uint64_t resources_ = 0;
  uint64_t floor_posted_ = 0;
  uint64_t floor_written_ = 0;
};

}  // namespace

Status bench_write(Stage& stage) {
  TRY(stage.loaded());
  TRY(const config::Region region, config::load_region(posix_files(), stage.place().region_file()));
  auto source = std::find_if(region.sources.begin(), region.sources.end(),
                             [](const config::Source& each) { return !each.client_id.empty(); });
  if (source == region.sources.end()) {
    return fail(ErrorCode::kInvalid, "no source of the region has a system that writes");
  }
  TRY(Server server, Server::start(stage.place()));
  TRY(Writing(stage, server, source->name).measure());
  server.stop(SIGTERM);
  return {};
}

}  // namespace continuum::bench
