// The ledger: appending from many threads, and what is asked of one with ten million entries, which
// is a store of its two families alone.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <thread>

#include "access/door.h"
#include "base/check.h"
#include "base/random.h"
#include "bench/benchmarks.h"
#include "bench/group_file.h"
#include "bench/time.h"
#include "crypto/aead.h"
#include "ledger/entry.h"
#include "ledger/log.h"
#include "rocks/rocks_store.h"

namespace continuum::bench {
namespace {

constexpr unsigned kAppenders = 64;
constexpr size_t kEntriesOfRequest = 2;        // its own, and one for the person it showed
constexpr size_t kReady = 16'384;              // requests made before the clock runs
constexpr uint32_t kPeople = 4'096;            // whom they are about
constexpr uint64_t kRequestsOfPart = 250'000;  // while the ledger is built
constexpr size_t kAsked = 2'000;
constexpr size_t kNewest = 100;
constexpr uint64_t kSeed = 31;
constexpr uint64_t kLedgerCacheMb = 256;
constexpr ledger::Families kFamilies{.ledger = 0, .accesses = 1};

using Request = std::array<ledger::Append, kEntriesOfRequest>;

record::Ord person(uint64_t number) {
  const uint64_t of = number % kPeople;
  return record::Ord::patient(static_cast<uint16_t>(of % 64),
                              static_cast<uint32_t>(record::kFirstPatientLocal + of / 64));
}

// The keys that seal entries.
struct Keys {
  std::function<crypto::Key(record::Ord)> person;
  std::function<crypto::Key(uint16_t month)> month;

  static Keys of(record::Store& store) {
    return {.person = [&store](record::Ord ord) { return store.audit_key(ord); },
            .month = [&store](uint16_t month) { return store.audit_month_key(month); }};
  }
  static Keys derived() {
    return {.person =
                [](record::Ord ord) { return crypto::derive_key({}, std::to_string(ord.value())); },
            .month = [](uint16_t) { return crypto::derive_key({}, "month"); }};
  }
};

// Entries as the door makes them for a whole record read by a clinician.
class Maker {
 public:
  explicit Maker(Keys keys) : keys_(std::move(keys)) {
    principal_.subject = "700000000001";
    principal_.issuer = "https://id.example.org";
    principal_.client_id = "bench-viewer";
    principal_.role_id = "710000000001";
    principal_.role_codes = {"S8000", "G8000", "R8000"};
    principal_.organisation = "A81001";
    principal_.activities = {"B0370"};
    principal_.purpose = "TREAT";
    asked_.interaction = "everything";
    asked_.method = "GET";
    asked_.path = "/fhir/Patient/0123456789abcdefghijklmnopqrstuv/$everything";
  }

  Result<Request> make(uint64_t number) {
    ledger::RequestEntry request;
    random_.fill(reinterpret_cast<char*>(request.id.data()), request.id.size());
    request.instant = clock_.now();
    request.subject = principal_.subject;
    request.role = "S8000 G8000 R8000";
    request.organisation = principal_.organisation;
    request.purpose = principal_.purpose;
    request.interaction = asked_.interaction;
    request.t = 1;
    request.status = 200;
    request.shown = 108;
    request.persons = 1;
    request.month = kMonth;
    const record::Ord ord = person(number);
    const uint64_t value = ord.value();
    crypto::Aead& aead = crypto::thread_aead();
    aead.seal(keys_.month(kMonth), ledger::request_context(request.id),
              access::encode_sealed_request(principal_, asked_, {&value, 1}), request.sealed);
    Request out;
    TRY(out[0].entry, ledger::encode(request));
    ledger::PersonPart part{
        .ord = value,
        .rule = "clinical-record",
        .relationship = "registration",
        .shown = 108,
        .types = {{"Condition", 12}, {"Encounter", 30}, {"Observation", 65}, {"Patient", 1}}};
    TRY(std::string plain, ledger::encode(part));
    ledger::PersonEntry entry{.id = request.id, .ordinal = 1, .sealed = {}};
    aead.seal(keys_.person(ord), ledger::person_context(request.id, 1), plain, entry.sealed);
    TRY(out[1].entry, ledger::encode(entry));
    out[1].ord = value;
    out[1].ordinal = 1;
    return out;
  }

 private:
  static constexpr uint16_t kMonth = 682;
  Keys keys_;
  access::Principal principal_;
  access::Request asked_;
  SystemClock clock_;
  SecureRandom random_;
};

struct Appended {
  uint64_t entries = 0;
  double seconds = 0;
  double cpu_us = 0;  // of an entry
  Percentiles ms;     // of a call

  double per_second() const { return static_cast<double>(entries) / seconds; }
};

// Many threads that call `append`, which appends one request, until the time is over.
template <typename Append>
Result<Appended> append_by_threads(double seconds, const Append& append) {
  std::atomic<bool> failed{false};
  std::vector<std::vector<double>> ms(kAppenders);
  Appended out;
  const double cpu = process_cpu_seconds();
  const auto start = SteadyClock::now();
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < kAppenders; ++i) {
      threads.emplace_back([&, i] {
        for (uint64_t turn = i; !failed && seconds_since(start) < seconds; turn += kAppenders) {
          const auto began = SteadyClock::now();
          failed = failed || !append(turn);
          ms[i].push_back(seconds_since(began) * 1e3);
        }
      });
    }
  }
  out.seconds = seconds_since(start);
  std::vector<double> all;
  for (const auto& of_thread : ms) {
    all.insert(all.end(), of_thread.begin(), of_thread.end());
  }
  if (failed || all.empty()) {
    return fail(ErrorCode::kUnavailable, "an append failed");
  }
  out.entries = all.size() * kEntriesOfRequest;
  out.cpu_us = (process_cpu_seconds() - cpu) * 1e6 / static_cast<double>(out.entries);
  out.ms = percentiles(std::move(all));
  return out;
}

// Requests made before the clock runs, to be used in turn.
struct Ready {
  std::vector<Request> requests;
  uint64_t bytes = 0;

  static Result<Ready> make(Keys keys) {
    Maker maker(std::move(keys));
    Ready out;
    for (uint64_t i = 0; i < kReady; ++i) {
      TRY(Request request, maker.make(i));
      out.bytes += request[0].entry.size() + request[1].entry.size();
      out.requests.push_back(std::move(request));
    }
    return out;
  }
  const Request& turn(uint64_t number) const { return requests[number % requests.size()]; }
  double mean_entry_bytes() const {
    return static_cast<double>(bytes) / static_cast<double>(requests.size() * kEntriesOfRequest);
  }
};

Result<Appended> append_floor(const Place& place, double seconds, const Ready& ready) {
  TRY(auto file, GroupFile::create(place.file("floor.bin")));
  const std::string record(static_cast<size_t>(ready.mean_entry_bytes() * kEntriesOfRequest), 'x');
  return append_by_threads(seconds, [&](uint64_t) { return file->append(record); });
}

Row append_row(const char* operation, const Appended& appended, const Appended& floor) {
  Row row{.operation = operation};
  row.figure = appended.per_second();
  row.unit = "entries/s";
  row.floor = floor.per_second();
  row.cpu_us = appended.cpu_us;
  row.floor_cpu_us = floor.cpu_us;
  row.p50_ms = appended.ms.p50;
  row.p99_ms = appended.ms.p99;
  return row;
}

Status measure_append(Stage& stage, const Place& place) {
  const double seconds = stage.options().seconds;
  TRY(auto store, open_store(place.data(), place.key_file(), kLedgerCacheMb));
  TRY(const Ready ready, Ready::make(Keys::of(*store)));
  TRY(const Appended floor, append_floor(place, seconds, ready));
  auto append_ready = [&](uint64_t turn) {
    return store->append_ledger(ready.turn(turn)).has_value();
  };
  TRY(append_by_threads(std::min(1.0, seconds), append_ready));  // its files are there from then on
  TRY(const Appended appended, append_by_threads(seconds, append_ready));
  TRY(const Appended sealed, append_by_threads(seconds, [&](uint64_t turn) {
        Maker maker(Keys::of(*store));
        auto request = maker.make(turn);
        return request && store->append_ledger(*request).has_value();
      }));
  Row row = append_row("ledger: append, 64 threads", appended, floor);
  row.target = "50k/s";
  stage.report().add(row);
  stage.report().add(append_row("ledger: make, seal and append, 64 threads", sealed, floor));
  stage.report().note(fmt::format(
      "ledger: an append is a request entry and a person entry (mean {:.0f} B), by-person index "
      "included; floor: as many bytes to one preallocated file, one fdatasync for all that wait",
      ready.mean_entry_bytes()));
  return {};
}

// Builds a ledger by ingestion: rows exactly as requests appended one after the other leave them.
class Builder {
 public:
  Builder(kv::Store& store, const Ready& ready) : store_(store), ready_(ready) {}

  // Entries appended.
  Result<uint64_t> build(uint64_t entries) && {
    auto snapshot = store_.snapshot();
    TRY(ledger::Log log, ledger::Log::open(*snapshot, kFamilies));
    TRY(auto ingestion, store_.begin_ingestion());
    const auto put = [this](kv::Family family, std::string_view key, std::string_view value) {
      take(family, key, value);
    };
    const uint64_t requests = entries / kEntriesOfRequest;
    for (uint64_t i = 0; i < requests; ++i) {
      log.stage(ready_.turn(i), put);
      if ((i + 1) % kRequestsOfPart == 0 || i + 1 == requests) {
        TRY(write(*ingestion, kFamilies.ledger, entry_rows_));
        entry_rows_.clear();
      }
    }
    TRY(write(*ingestion, kFamilies.ledger, Rows(other_rows_.begin(), other_rows_.end())));
    TRY(write(*ingestion, kFamilies.accesses, access_rows_));
    TRY(ingestion->finish());
    return log.staged_size();
  }

 private:
  using Rows = std::vector<std::pair<std::string, std::string>>;

  void take(kv::Family family, std::string_view key, std::string_view value) {
    if (family == kFamilies.accesses) {
      access_rows_.emplace_back(key, value);
    } else if (ledger::parse_entries_key(key)) {
      entry_rows_.emplace_back(key, value);
    } else {
      other_rows_[std::string(key)] = value;
    }
  }

  static Status write(kv::Ingestion& ingestion, kv::Family family, Rows rows) {
    std::sort(rows.begin(), rows.end());
    auto part = ingestion.start_part(family);
    for (const auto& [key, value] : rows) {
      TRY(part->put(key, value));
    }
    return part->close();
  }

  kv::Store& store_;
  const Ready& ready_;
  Rows entry_rows_;
  Rows access_rows_;
  std::map<std::string, std::string> other_rows_;  // tiles and the size: the last of a key counts
};

// What is asked of a large ledger.
class LargeLedger {
 public:
  LargeLedger(Stage& stage, kv::Store& store, uint64_t size)
      : stage_(stage), store_(store), size_(size) {}

  // As the server answers: a snapshot of its own for each.
  Status measure_proof() {
    SeededRandom random(kSeed);
    std::vector<double> ms;
    const double cpu = thread_cpu_seconds();
    for (size_t i = 0; i < kAsked; ++i) {
      const uint64_t n = random.below(size_);
      const auto start = SteadyClock::now();
      auto snapshot = store_.snapshot();
      TRY(const auto reader, ledger::Reader::open(*snapshot, kFamilies));
      TRY(const auto path, ledger::inclusion_path(reader, n, size_));
      keep(path);
      ms.push_back(seconds_since(start) * 1e3);
    }
    add_row("ledger: inclusion proof", ms, (thread_cpu_seconds() - cpu) * 1e6 / kAsked, "1 ms");
    return check_a_proof();
  }

  Status measure_accesses() {
    SeededRandom random(kSeed);
    std::vector<double> ms;
    const double cpu = thread_cpu_seconds();
    for (size_t i = 0; i < kListed; ++i) {
      const record::Ord ord = person(random.below(kPeople));
      const auto start = SteadyClock::now();
      TRY(const size_t opened, open_newest(ord));
      ms.push_back(seconds_since(start) * 1e3);
      if (opened != kNewest) {
        return fail(ErrorCode::kInternal, "a person has too few accesses: ask for more --entries",
                    {{"accesses", std::to_string(opened)}});
      }
    }
    add_row("ledger: newest 100 accesses of a person", ms,
            (thread_cpu_seconds() - cpu) * 1e6 / kListed, "5 ms");
    return {};
  }

 private:
  static constexpr size_t kListed = kAsked / 4;

  // What was measured is a proof.
  Status check_a_proof() {
    const uint64_t n = size_ / 3;
    auto snapshot = store_.snapshot();
    TRY(const auto reader, ledger::Reader::open(*snapshot, kFamilies));
    TRY(const auto path, ledger::inclusion_path(reader, n, size_));
    TRY(const std::string entry, reader.entry(n));
    TRY(const ledger::Hash root, ledger::root_at(reader, size_));
    return ledger::verify_inclusion(n, size_, ledger::leaf_hash(entry), path, root)
               ? Status()
               : fail(ErrorCode::kCorrupt, "an inclusion proof does not hold");
  }

  // Reads both entries of each access and opens the person's, as the list of who looked does.
  Result<size_t> open_newest(record::Ord ord) {
    auto snapshot = store_.snapshot();
    TRY(const auto reader, ledger::Reader::open(*snapshot, kFamilies));
    std::vector<ledger::Access> found;
    TRY(reader.accesses(ord.value(), UINT64_MAX, [&found](const ledger::Access& access) {
      found.push_back(access);
      return found.size() < kNewest ? ledger::Reader::Next::kContinue : ledger::Reader::Next::kStop;
    }));
    const crypto::Key key = keys_.person(ord);
    for (const ledger::Access& access : found) {
      TRY(open_access(reader, access, ord, key));
    }
    return found.size();
  }

  static Status open_access(const ledger::Reader& reader, const ledger::Access& access,
                            record::Ord ord, const crypto::Key& key) {
    TRY(const std::string person_bytes, reader.entry(access.number));
    TRY(const ledger::Entry person_entry, ledger::decode_entry(person_bytes));
    TRY(const std::string bytes, reader.entry(access.number - access.ordinal));
    TRY(const ledger::Entry entry, ledger::decode_entry(bytes));
    const auto* of_person = std::get_if<ledger::PersonEntry>(&person_entry);
    if (of_person == nullptr || !std::holds_alternative<ledger::RequestEntry>(entry)) {
      return fail(ErrorCode::kCorrupt, "the list of accesses leads to other entries");
    }
    std::string plain;
    const auto ordinal = static_cast<uint16_t>(of_person->ordinal);
    TRY(crypto::thread_aead().open(key, ledger::person_context(of_person->id, ordinal),
                                   of_person->sealed, plain));
    TRY(const ledger::PersonPart part, ledger::decode_person_part(plain));
    return part.ord == ord.value()
               ? Status()
               : fail(ErrorCode::kCorrupt, "an access is listed under somebody else");
  }

  void add_row(const char* operation, const std::vector<double>& ms, double cpu_us,
               const char* target) {
    const Percentiles of = percentiles(ms);
    Row row{.operation = fmt::format("{}, of {:.1f} M entries", operation,
                                     static_cast<double>(size_) / 1e6)};
    row.figure = of.p50;
    row.unit = "ms";
    row.better = Better::kLower;
    row.target = target;
    row.cpu_us = cpu_us;
    row.p50_ms = of.p50;
    row.p99_ms = of.p99;
    stage_.report().add(row);
  }

  Stage& stage_;
  kv::Store& store_;
  uint64_t size_;
  Keys keys_ = Keys::derived();
};

Status measure_large(Stage& stage, const Place& place) {
  rocks::Options options;
  options.path = place.file("large");
  options.families = {{.name = "ledger"}, {.name = "accesses"}};
  options.cache_bytes = kLedgerCacheMb << 20;
  TRY(auto store, rocks::open_store(options));
  const auto start = SteadyClock::now();
  TRY(const Ready ready, Ready::make(Keys::derived()));
  TRY(const uint64_t size, Builder(*store, ready).build(stage.options().ledger_entries));
  stage.report().note(fmt::format(
      "ledger: {} entries about {} people, built in {:.0f} s by Log::stage() of {} requests sealed "
      "before, again and again, ingested as sorted files: {:.1f} GB; cache {} MB",
      size, kPeople, seconds_since(start), kReady,
      static_cast<double>(bytes_in(options.path)) / 1e9, kLedgerCacheMb));
  LargeLedger large(stage, *store, size);
  TRY(large.measure_proof());
  return large.measure_accesses();
}

}  // namespace

Status bench_ledger(Stage& stage) {
  const Place place(stage.options().program, stage.options().folder + "/ledger");
  TRY(place.create());
  TRY(measure_append(stage, place));
  return measure_large(stage, place);
}

}  // namespace continuum::bench
