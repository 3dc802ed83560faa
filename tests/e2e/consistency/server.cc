#include "tests/e2e/consistency/server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <thread>

#include "base/file_system.h"
#include "tests/e2e/consistency/limits.h"

namespace continuum::consistency {
namespace {

constexpr std::string_view kListening = "listening on http://127.0.0.1:";

void send_output_to(const std::string& path, int descriptor) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0 || dup2(file, descriptor) < 0) {
    _exit(126);
  }
}

}  // namespace

Server::~Server() {
  kill();
}

Status Server::start() {
  std::vector<char*> words;
  for (std::string& word : command_) {
    words.push_back(word.data());
  }
  words.push_back(nullptr);
  const std::string out = name_ + ".out";
  const std::string errors = name_ + ".err";
  (void)posix_files().remove(out);  // what the one before said; there may have been none
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that is killed leaves nothing behind
    send_output_to(out, STDOUT_FILENO);
    send_output_to(errors, STDERR_FILENO);
    execv(words[0], words.data());
    _exit(127);
  }
  if (pid_ < 0) {
    return fail(ErrorCode::kUnavailable, "no process can be made");
  }
  TRY(const uint16_t port, wait_for_port());
  port_.store(port);
  return {};
}

Result<uint16_t> Server::wait_for_port() const {
  const auto end = std::chrono::steady_clock::now() + kStartTimeMax;
  while (std::chrono::steady_clock::now() < end) {
    auto said = read_file(posix_files(), name_ + ".out", kOutputBytesMax);
    const size_t at = said ? said->find(kListening) : std::string::npos;
    uint16_t port = 0;
    if (at != std::string::npos && said->find('\n', at) != std::string::npos) {
      const char* digits = said->data() + at + kListening.size();
      std::from_chars(digits, said->data() + said->size(), port);
      return port;
    }
    siginfo_t ended{};
    if (waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        ended.si_pid != 0) {
      break;
    }
    std::this_thread::sleep_for(kStartPoll);
  }
  return fail(ErrorCode::kUnavailable, "the server does not start",
              {{name_ + ".err", "see there"}});
}

int Server::wait_for_end() {
  int status = -1;
  if (pid_ > 0) {
    waitpid(pid_, &status, 0);
    pid_ = -1;
  }
  return status;
}

void Server::kill() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    wait_for_end();
  }
}

Status Server::stop() {
  ::kill(pid_, SIGTERM);
  const int status = wait_for_end();
  return WIFEXITED(status) && WEXITSTATUS(status) == 0
             ? Status()
             : fail(ErrorCode::kInternal, "the server did not stop well");
}

}  // namespace continuum::consistency
