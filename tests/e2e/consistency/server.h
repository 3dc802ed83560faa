// The real program, started, killed and started again.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace continuum::consistency {

// One thread starts and ends it; port() may be asked by any.
class Server {
 public:
  // `command`: the program and its arguments. What it prints goes to files of that name and ".out",
  // ".err".
  Server(std::vector<std::string> command, std::string name)
      : command_(std::move(command)), name_(std::move(name)) {}
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Until it listens. kUnavailable: it ended, or did not within kStartSeconds.
  Status start();
  // At once (kill -9); it is surely gone when this returns.
  void kill();
  // As it is asked to stop. kInternal: it did not end well.
  Status stop();

  // Where the one listens that was started last; 0 before.
  uint16_t port() const { return port_.load(); }

 private:
  Result<uint16_t> wait_for_port() const;
  int wait_for_end();

  std::vector<std::string> command_;
  std::string name_;
  pid_t pid_ = -1;
  std::atomic<uint16_t> port_{0};
};

}  // namespace continuum::consistency
