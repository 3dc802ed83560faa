// Memory under the heaviest answers: 32 records of 20,000 resources asked for at once, of a store
// that holds nothing else. Over the limit on bytes in flight the server must answer 503.
#include <fmt/format.h>
#include <signal.h>

#include <atomic>
#include <thread>

#include "base/file_system.h"
#include "bench/benchmarks.h"
#include "config/limits.h"
#include "http/client.h"

namespace continuum::bench {
namespace {

constexpr unsigned kPatients = 32;
constexpr unsigned kRounds = 3;
constexpr unsigned kResources = 20'000;  // a record, the Patient included
constexpr double kAllowedAboveCacheMb = 300;
constexpr const char* kSource = "large";

std::string observation(unsigned patient, unsigned number) {
  return fmt::format(
      R"({{"fullUrl":"urn:uuid:00000000-0000-4000-8000-{0:04x}{1:08x}","resource":{{)"
      R"("resourceType":"Observation","id":"o-{0}-{1}","status":"final","code":{{"coding":[{{)"
      R"("system":"http://loinc.org","code":"{2}-{3}","display":"Measurement {2}"}}]}},)"
      R"("subject":{{"reference":"Patient/p-{0}"}},"effectiveDateTime":"20{4:02}-{5:02}-{6:02}",)"
      R"("valueQuantity":{{"value":{7}.{3},"unit":"mmol/L","system":"http://unitsofmeasure.org",)"
      R"("code":"mmol/L"}}}},"request":{{"method":"PUT","url":"Observation/o-{0}-{1}"}}}})",
      patient, number, 1000 + number % 700, number % 10, number % 26, 1 + number % 12,
      1 + number % 28, number % 150);
}

std::string bundle(unsigned patient) {
  std::string out = fmt::format(
      R"({{"resourceType":"Bundle","type":"transaction","entry":[{{"fullUrl":)"
      R"("urn:uuid:00000000-0000-4000-8000-{0:04x}ffffffff","resource":{{"resourceType":"Patient",)"
      R"("id":"p-{0}","birthDate":"1950-01-01","generalPractitioner":[{{"identifier":{{)"
      R"("system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"A81001"}}}}]}},"request":{{"method":"PUT","url":"Patient/p-{0}"}}}})",
      patient);
  for (unsigned i = 1; i < kResources; ++i) {
    out += ',';
    out += observation(patient, i);
  }
  return out + "]}\n";
}

Status write_bundles(const std::string& path) {
  TRY(auto file, posix_files().open_writable(path, OpenMode::kTruncate));
  for (unsigned patient = 0; patient < kPatients; ++patient) {
    TRY(file->append(bundle(patient)));
  }
  return file->sync();
}

constexpr const char* kRegion = R"(name = "Large records"
base_url = "http://127.0.0.1:8080/fhir"

[[organisation]]
ods_code = "A81001"
name = "Exemplar Surgery"
kind = "gp-practice"

[[source]]
name = "large"
organisation = "A81001"
)";

struct Outcomes {
  std::atomic<unsigned> answered{0};
  std::atomic<unsigned> refused{0};
  std::atomic<unsigned> other{0};
  std::atomic<unsigned> without_retry_after{0};
  std::atomic<uint64_t> bytes{0};
};

void ask_once(const Peer& peer, const Target& target, Outcomes& outcomes) {
  auto client = http::Client::connect("127.0.0.1", peer.port);
  http::Request request;
  request.set_target(target.path);
  request.headers.add("Authorization", authorization(peer, target, 0));
  auto response = client ? client->send(request) : fail(client.error());
  const int status = response ? response->status : 0;
  if (status == 200) {
    ++outcomes.answered;
    outcomes.bytes += response->body.size();
  } else if (status == 503) {
    ++outcomes.refused;
    outcomes.without_retry_after += response->headers.contains("Retry-After") ? 0 : 1;
  } else {
    ++outcomes.other;
  }
}

void ask_all_at_once(const Peer& peer, const std::vector<Target>& records, Outcomes& outcomes) {
  std::vector<std::jthread> clients;
  for (const Target& record : records) {
    clients.emplace_back([&peer, &record, &outcomes] { ask_once(peer, record, outcomes); });
  }
}

Row memory_row(const char* operation, double peak_mb, double cache_mb) {
  Row row{.operation = operation};
  row.figure = peak_mb;
  row.unit = "MB";
  row.better = Better::kLower;
  row.target = fmt::format("{:.0f} MB", cache_mb + kAllowedAboveCacheMb);
  return row;
}

}  // namespace

Status bench_memory(Stage& stage) {
  Place place(stage.options().program, stage.options().folder + "/large");
  TRY(place.create());
  TRY(write_bundles(place.file("large.ndjson")));
  TRY(replace_file(posix_files(), place.file("from.toml"), kRegion));
  const uint64_t cache_mb = Stage::load_cache_mb();
  TRY(place.write_region(place.file("from.toml"), cache_mb));
  TRY(LoadFigures loaded, place.load(place.file("large.ndjson"), kSource, cache_mb));
  const auto cache = static_cast<double>(cache_mb);
  stage.report().add(
      memory_row("memory: load of 20,000-entry bundles, peak", loaded.peak_mb, cache));

  TRY(Facts facts, gather_facts(place));
  TRY(Server server, Server::start(place));
  TRY(fetch(server.peer(), facts.reads.front()));
  Outcomes outcomes;
  for (unsigned round = 0; round < kRounds; ++round) {
    ask_all_at_once(server.peer(), facts.records, outcomes);
  }
  Row row = memory_row("memory: 32 clients, 20,000-resource records, peak",
                       peak_resident_mb(server.pid()), cache);
  row.rss_mb = resident_mb(server.pid());
  stage.report().add(row);
  stage.report().note(fmt::format(
      "memory: {} records at once, {} times: {} answered ({:.1f} MB each), {} refused with 503 "
      "({} of them without Retry-After), {} failed; bytes in flight limited to {} MB",
      facts.records.size(), kRounds, outcomes.answered.load(),
      static_cast<double>(outcomes.bytes.load()) / 1e6 / std::max(1U, outcomes.answered.load()),
      outcomes.refused.load(), outcomes.without_retry_after.load(), outcomes.other.load(),
      config::Limits().in_flight_bytes >> 20));
  server.stop(SIGTERM);
  return {};
}

}  // namespace continuum::bench
