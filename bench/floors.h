// The cheapest ways we know to do what an operation can't do without, measured in the same run.
#pragma once

#include <string>

#include "base/result.h"
#include "bench/drive.h"
#include "bench/facts.h"
#include "bench/process.h"

namespace continuum::bench {

struct LoadFloor {
  double per_second = 0;
  double cpu_us = 0;  // of one resource
};
// On two threads, from memory: parse, digest, compress, seal, make and sort as many index keys of
// the same size, encipher all bytes and write them to a file, one sync.
Result<LoadFloor> load_floor(const Facts& facts, double seconds, const std::string& file);

// Opening (deciphering and decompressing) bodies one after the other on one thread: us of one.
double open_floor_us(const Facts& facts, double seconds);
// Copying bodies one after the other into one buffer: us of one.
double copy_floor_us(const Facts& facts, double seconds);
// gzip, level 1, of one text on one thread.
double gzip_floor_us(const std::string& text, double seconds);

// The same HTTP server in a process of its own, answering everything with one text.
class ConstantServer {
 public:
  enum class Receipts : uint8_t { kNone, kDurable };
  // `folder` is for its files. With receipts, so many bytes as a receipt has, and the body that was
  // sent, are on the disk before an answer leaves; one sync for all that wait.
  static Result<ConstantServer> start(const std::string& folder, const std::string& body,
                                      Receipts receipts = Receipts::kNone);
  const Peer& peer() const { return peer_; }

 private:
  ConstantServer(Process process, Peer peer) : process_(std::move(process)), peer_(peer) {}
  Process process_;
  Peer peer_;
};

// What the program does when called as the process of a ConstantServer.
inline constexpr const char* kConstantServerVerb = "--constant-server";
int run_constant_server(const std::string& body_file, const std::string& receipts_file);

}  // namespace continuum::bench
