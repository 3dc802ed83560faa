#include "bench/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

extern char** environ;

namespace continuum::bench {
namespace {

constexpr std::chrono::milliseconds kPollInterval{5};

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// A line such as "VmHWM:   1234 kB" of /proc/PID/status, in MB.
double status_mb(pid_t pid, const std::string& name) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with(name)) {
      return std::stod(line.substr(name.size() + 1)) / 1024;
    }
  }
  return 0;
}

}  // namespace

Result<Process> Process::spawn(const std::vector<std::string>& argv, const std::string& out_file,
                               const std::string& error_file) {
  std::vector<char*> arguments;
  for (const std::string& argument : argv) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out_file.c_str(), kFlags, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, error_file.c_str(), kFlags, 0600);
  pid_t pid = -1;
  int problem = posix_spawn(&pid, argv[0].c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) {
    return fail(ErrorCode::kUnavailable, "a program did not start",
                {{argv[0], std::strerror(problem)}});
  }
  return Process(pid);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      start_(other.start_),
      usage_(other.usage_),
      ended_(other.ended_) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(start_, other.start_);
  std::swap(usage_, other.usage_);
  std::swap(ended_, other.ended_);
  return *this;
}

Process::~Process() {
  if (pid_ > 0 && !ended_) {
    stop(SIGKILL);
  }
}

bool Process::poll() {
  if (ended_) {
    return true;
  }
  usage_.peak_mb = std::max(usage_.peak_mb, peak_resident_mb(pid_));
  int status = 0;
  rusage used = {};
  if (wait4(pid_, &status, WNOHANG, &used) != pid_) {
    return false;
  }
  ended_ = true;
  usage_.wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  usage_.cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
  usage_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return true;
}

Usage Process::wait() {
  while (!poll()) {
    std::this_thread::sleep_for(kPollInterval);
  }
  return usage_;
}

Usage Process::stop(int signal) {
  if (!ended_) {
    ::kill(pid_, signal);
  }
  return wait();
}

bool Process::has_ended() {
  return poll();
}

double cpu_seconds(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::stringstream text;
  text << file.rdbuf();
  // The name, in brackets, may hold spaces; utime and stime are the 12th and 13th word after it.
  std::string stat = text.str();
  std::istringstream words(stat.substr(stat.rfind(')') + 1));
  std::string word;
  for (int i = 0; i < 11; ++i) {
    words >> word;
  }
  double user = 0;
  double system = 0;
  words >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double resident_mb(pid_t pid) {
  return status_mb(pid, "VmRSS:");
}

double peak_resident_mb(pid_t pid) {
  return status_mb(pid, "VmHWM:");
}

uint64_t bytes_written(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/io", pid));
  std::string name;
  uint64_t value = 0;
  while (file >> name >> value) {
    if (name == "write_bytes:") {
      return value;
    }
  }
  return 0;
}

}  // namespace continuum::bench
