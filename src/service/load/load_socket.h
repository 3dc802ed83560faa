// How files are loaded into a store that a server has open: over a Unix-domain socket in the data
// folder, by processes of the same user (adr/0024-loads-through-a-socket.md).
//
// Lines of at most kLoadSocketLineBytesMax bytes, each ended by LF:
//   client: load 1 THREADS SOURCE COUNT             then COUNT lines, each an absolute path
//   server: at SECOND_PASS DONE TOTAL RESOURCES     every kLoadTellMs at least, until it ends
//   server: ended EXIT OUT_BYTES ERR_BYTES          then so many bytes of report, for either stream
//           or error CODE TEXT
// The server reads the files itself, and no content of theirs goes over the socket. A client that
// goes away stops its load. One load at a time.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "service/load/load.h"
#include "service/local_socket.h"

namespace continuum::service {

struct LoadOrder {
  std::string source;
  unsigned threads = 2;
  std::vector<std::string> paths;  // absolute; without line ends; at most kLoadSocketPathsMax
};

// What a load says when it ends: for standard output and standard error, and its exit code.
struct LoadAnswer {
  std::string out;
  std::string err;
  int exit_code = 0;
};

// The socket of a store in that folder.
std::string load_socket_path(const std::string& data_folder);

// Answers on a thread of its own.
class LoadSocket {
 public:
  // Carries an order out, on yet another thread; it ends soon after `stop` becomes true.
  using CarryOut = std::function<Result<LoadAnswer>(
      const LoadOrder& order, const LoadProgressSink& progress, const std::atomic<bool>& stop)>;
  struct Options {
    std::string path;
    CarryOut carry_out;
  };
  // As LocalServer::start.
  static Result<std::unique_ptr<LoadSocket>> start(Options options);
  LoadSocket(const LoadSocket&) = delete;
  LoadSocket& operator=(const LoadSocket&) = delete;

 private:
  explicit LoadSocket(CarryOut carry_out) : carry_out_(std::move(carry_out)) {}
  void serve(LocalServer::Waiting& waiting) const;
  Result<LoadAnswer> carry_out(LocalServer::Waiting& waiting) const;

  CarryOut carry_out_;
  std::unique_ptr<LocalServer> server_;  // the last: its end stops a load
};

// The other end. Errors as the server's: kBusy, another load runs; kInvalid, paths that can't be
// said; kUnavailable: nobody listens there, or it went away.
Result<LoadAnswer> load_through(const std::string& socket_path, const LoadOrder& order,
                                const LoadProgressSink& progress);

}  // namespace continuum::service
