// Child processes, and what they cost.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"

namespace continuum::bench {

// Of a process that has ended.
struct Usage {
  double wall_seconds = 0;
  double cpu_seconds = 0;  // user and system, of all its threads
  double peak_mb = 0;      // resident, polled from VmHWM
  int exit_code = -1;      // -1: ended by a signal
};

// A running child. Killed by the destructor. Movable; one thread at a time.
class Process {
 public:
  // argv[0] is the program's path. Standard output and error go to files.
  static Result<Process> spawn(const std::vector<std::string>& argv, const std::string& out_file,
                               const std::string& error_file);
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  pid_t pid() const { return pid_; }
  // Waits for its end. Usage is complete only when this was the first to see it.
  Usage wait();
  Usage stop(int signal);
  bool has_ended();

 private:
  explicit Process(pid_t pid) : pid_(pid) {}
  bool poll();

  pid_t pid_ = -1;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  Usage usage_;
  bool ended_ = false;
};

// Of a running process, from /proc: 0 when it is gone.
double cpu_seconds(pid_t pid);
double resident_mb(pid_t pid);
double peak_resident_mb(pid_t pid);
// Of a running process, from /proc: sent to the disk so far, its deleted files' too.
uint64_t bytes_written(pid_t pid);

}  // namespace continuum::bench
