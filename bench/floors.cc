#include "bench/floors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/file_system.h"
#include "base/random.h"
#include "bench/group_file.h"
#include "bench/time.h"
#include "crypto/stream_cipher.h"
#include "http/compress.h"
#include "http/server.h"
#include "json/document.h"
#include "record/body.h"

namespace continuum::bench {
namespace {

constexpr unsigned kLoadThreads = 2;
constexpr unsigned kThreadsPerCore = 2;
constexpr unsigned kWaitingThreadsPerCore = 32;  // as continuum serve has
constexpr size_t kReceiptBytes = 1'000;          // the rows of two entries
constexpr std::chrono::milliseconds kStartPoll{2};
constexpr int kStartPollsMax = 5'000;
constexpr size_t kBodyBytesMax = size_t{1} << 30;
constexpr size_t kIndexKeyBytesMax = 64;

const crypto::Key kKey = {1, 2, 3};

struct IndexKey {
  char bytes[kIndexKeyBytesMax];
};

// One thread's part of the load floor.
class LoadWorker {
 public:
  LoadWorker(const Facts& facts, size_t first, size_t last)
      : facts_(facts), first_(first), last_(last) {
    key_bytes_ =
        std::min(kIndexKeyBytesMax, static_cast<size_t>(std::lround(facts.index_key_bytes)));
  }

  Status pass(int file) {
    bytes_.clear();
    keys_.clear();
    for (size_t i = first_; i < last_; ++i) {
      TRY(take_in(facts_.samples[i]));
    }
    sort_keys();
    crypto::apply_stream_cipher(kKey, {}, 0, bytes_.data(), bytes_.size());
    return ::write(file, bytes_.data(), bytes_.size()) == static_cast<ssize_t>(bytes_.size())
               ? Status()
               : fail(ErrorCode::kUnavailable, "the floor's file could not be written");
  }

 private:
  Status take_in(const Sample& sample) {
    TRY(document_.parse(sample.body));
    crypto::Digest digest = crypto::sha256(sample.body);
    bytes_.append(crypto::view(digest));
    record::seal_body(kKey, sample.key, sample.body, bytes_);
    owed_ += facts_.index_keys;
    for (; owed_ >= 1; owed_ -= 1) {
      IndexKey key;
      random_.fill(key.bytes, key_bytes_);
      keys_.push_back(key);
    }
    return {};
  }

  void sort_keys() {
    std::sort(keys_.begin(), keys_.end(), [this](const IndexKey& a, const IndexKey& b) {
      return std::memcmp(a.bytes, b.bytes, key_bytes_) < 0;
    });
    for (const IndexKey& key : keys_) {
      bytes_.append(key.bytes, key_bytes_);
    }
  }

  const Facts& facts_;
  size_t first_;
  size_t last_;
  size_t key_bytes_;
  double owed_ = 0;  // index keys still to be made
  json::Document document_;
  SeededRandom random_{1};
  std::vector<IndexKey> keys_;
  std::string bytes_;
};

struct WorkerResult {
  Status status;
  uint64_t resources = 0;
  double cpu_seconds = 0;
};

WorkerResult run_load_worker(const Facts& facts, unsigned number, double seconds, int file) {
  const size_t share = facts.samples.size() / kLoadThreads;
  LoadWorker worker(facts, number * share, (number + 1) * share);
  WorkerResult result;
  const auto start = SteadyClock::now();
  const double before = thread_cpu_seconds();
  while (result.status && seconds_since(start) < seconds) {
    result.status = worker.pass(file);
    result.resources += share;
  }
  result.cpu_seconds = thread_cpu_seconds() - before;
  return result;
}

std::vector<std::string> sealed_samples(const Facts& facts) {
  std::vector<std::string> sealed(facts.samples.size());
  for (size_t i = 0; i < sealed.size(); ++i) {
    record::seal_body(kKey, facts.samples[i].key, facts.samples[i].body, sealed[i]);
  }
  return sealed;
}

}  // namespace

Result<LoadFloor> load_floor(const Facts& facts, double seconds, const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) {
    return fail(ErrorCode::kUnavailable, "the floor's file could not be made", {{path, "open"}});
  }
  std::vector<WorkerResult> results(kLoadThreads);
  const auto start = SteadyClock::now();
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < kLoadThreads; ++i) {
      threads.emplace_back([&, i] { results[i] = run_load_worker(facts, i, seconds, file); });
    }
  }
  const bool synced = ::fdatasync(file) == 0;
  const double wall = seconds_since(start);
  ::close(file);
  std::remove(path.c_str());
  if (!synced) {
    return fail(ErrorCode::kUnavailable, "the floor's file could not be synced");
  }
  uint64_t resources = 0;
  double cpu = 0;
  for (const WorkerResult& result : results) {
    TRY(result.status);
    resources += result.resources;
    cpu += result.cpu_seconds;
  }
  auto count = static_cast<double>(resources);
  return LoadFloor{.per_second = count / wall, .cpu_us = cpu * 1e6 / count};
}

double open_floor_us(const Facts& facts, double seconds) {
  const std::vector<std::string> sealed = sealed_samples(facts);
  std::string body;
  return cpu_us_of(seconds, sealed.size(), [&] {
    for (size_t i = 0; i < sealed.size(); ++i) {
      record::Row row;
      row.header.body_size = static_cast<uint32_t>(facts.samples[i].body.size());
      row.header.dictionary = record::kCurrentDictionary;
      row.sealed = sealed[i];
      ignore_error(record::open_body(kKey, facts.samples[i].key, row, body),
                   "sealed above, with the same key and place");
    }
  });
}

double copy_floor_us(const Facts& facts, double seconds) {
  std::string out;
  out.reserve(facts.body_bytes / std::max<uint64_t>(facts.items, 1) * facts.samples.size() * 2);
  return cpu_us_of(seconds, facts.samples.size(), [&] {
    out.clear();
    for (const Sample& sample : facts.samples) {
      out.append(sample.body);
    }
  });
}

double gzip_floor_us(const std::string& text, double seconds) {
  return cpu_us_of(seconds, 1,
                   [&] { ignore_error(http::gzip(text), "only its time is of interest"); });
}

Result<ConstantServer> ConstantServer::start(const std::string& folder, const std::string& body,
                                             Receipts receipts) {
  const std::string body_file = folder + "/constant-body";
  const std::string out = folder + "/constant-server.txt";
  std::remove(out.c_str());
  TRY(replace_file(posix_files(), body_file, body));
  std::error_code problem;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", problem);
  TRY(Process process, Process::spawn({self, kConstantServerVerb, body_file,
                                       receipts == Receipts::kDurable ? folder + "/receipts" : ""},
                                      out, folder + "/constant-server.err"));
  for (int i = 0; i < kStartPollsMax; ++i) {
    std::ifstream stream(out);
    uint16_t port = 0;
    std::string end;
    if (stream >> port >> end) {
      Peer peer{.port = port, .pid = process.pid()};
      return ConstantServer(std::move(process), peer);
    }
    std::this_thread::sleep_for(kStartPoll);
  }
  return fail(ErrorCode::kUnavailable, "the floor's server did not start");
}

int run_constant_server(const std::string& body_file, const std::string& receipts_file) {
  auto body = read_file(posix_files(), body_file, kBodyBytesMax);
  if (!body) {
    return 2;
  }
  std::unique_ptr<GroupFile> receipts;
  if (!receipts_file.empty()) {
    auto file = GroupFile::create(receipts_file);
    if (!file) {
      return 2;
    }
    receipts = std::move(*file);
  }
  const std::string receipt(kReceiptBytes, 'x');
  http::Options options;
  options.threads = std::max(1U, std::thread::hardware_concurrency()) *
                    (receipts == nullptr ? kThreadsPerCore : kWaitingThreadsPerCore);
  auto server = http::Server::start(options, [&](const http::Request& request) {
    http::Response response;
    response.headers.add("Content-Type", "application/fhir+json");
    response.body = *body;
    response.status = receipts == nullptr || receipts->append(receipt + request.body) ? 200 : 500;
    return response;
  });
  if (!server) {
    return 2;
  }
  std::printf("%u ready\n", (*server)->port());
  std::fflush(stdout);
  ::pause();  // until it is killed
  return 0;
}

}  // namespace continuum::bench
