#include "service/load/load_socket.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <optional>
#include <thread>

#include "service/load/limits.h"

namespace continuum::service {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kWhat = "load socket";
constexpr std::string_view kLoad = "load 1";
constexpr std::string_view kAt = "at";
constexpr std::string_view kEnded = "ended";
constexpr size_t kNumbersMax = 4;

tl::unexpected<Error> not_the_protocol() {
  return fail(ErrorCode::kInvalid, "not a line of this protocol");
}

std::string_view next_word(std::string_view& line) {
  size_t space = line.find(' ');
  std::string_view word = line.substr(0, space);
  line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
  return word;
}

// Numbers, one space between them, and nothing else.
std::optional<std::vector<uint64_t>> parse_numbers(std::string_view text, size_t count) {
  std::vector<uint64_t> out;
  while (!text.empty() && out.size() < kNumbersMax) {
    std::string_view word = next_word(text);
    uint64_t number = 0;
    auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size()) {
      return std::nullopt;
    }
    out.push_back(number);
  }
  return text.empty() && out.size() == count ? std::optional(std::move(out)) : std::nullopt;
}

std::string to_line(const LoadProgress& at) {
  return fmt::format("{} {} {} {} {}", kAt, at.storing ? 1 : 0, at.bytes_done, at.bytes_total,
                     at.resources_done);
}

Status check_order(const LoadOrder& order) {
  if (order.paths.empty() || order.paths.size() > kLoadSocketPathsMax) {
    return fail(ErrorCode::kInvalid,
                "expected 1 to " + std::to_string(kLoadSocketPathsMax) + " paths to load");
  }
  for (const std::string& path : order.paths) {
    if (!path.starts_with('/') || path.size() >= kLoadSocketLineBytesMax ||
        path.find('\n') != std::string::npos) {
      return fail(ErrorCode::kInvalid,
                  "a path is not absolute, too long, or has a line end in it: move what it names, "
                  "or load its folder");
    }
  }
  return {};
}

Result<std::string> due_line(LocalServer::Waiting& waiting) {
  TRY(auto line, waiting.wait_for_line(kLoadSocketLineMsMax));
  if (!line) {
    return fail(ErrorCode::kDeadline, "the order was not said in time");
  }
  return *std::move(line);
}

Result<LoadOrder> take_order(LocalServer::Waiting& waiting) {
  TRY(std::string first, due_line(waiting));
  std::string_view rest = first;
  if (!rest.starts_with(kLoad)) {
    return not_the_protocol();
  }
  rest.remove_prefix(std::min(rest.size(), kLoad.size() + 1));
  auto threads = parse_numbers(next_word(rest), 1);
  LoadOrder order;
  order.source = next_word(rest);
  auto count = parse_numbers(rest, 1);
  if (!threads || !count || threads->front() < 1 || threads->front() > kLoadSocketThreadsMax ||
      count->front() > kLoadSocketPathsMax) {
    return not_the_protocol();
  }
  order.threads = static_cast<unsigned>(threads->front());
  for (uint64_t i = 0; i < count->front(); ++i) {
    TRY(std::string path, due_line(waiting));
    order.paths.push_back(std::move(path));
  }
  TRY(check_order(order));
  return order;
}

}  // namespace

std::string load_socket_path(const std::string& data_folder) {
  return data_folder + "/load.socket";
}

Result<std::unique_ptr<LoadSocket>> LoadSocket::start(Options options) {
  std::unique_ptr<LoadSocket> socket(new LoadSocket(std::move(options.carry_out)));
  TRY(socket->server_, LocalServer::start({.path = std::move(options.path),
                                           .what = std::string(kWhat),
                                           .busy = "another load runs: wait until it is done",
                                           .line_bytes_max = kLoadSocketLineBytesMax,
                                           .serve = [self = socket.get()](auto& waiting) {
                                             self->serve(waiting);
                                           }}));
  return socket;
}

void LoadSocket::serve(LocalServer::Waiting& waiting) const {
  auto answer = carry_out(waiting);
  if (!answer) {
    waiting.client().send_error(answer.error());
    return;
  }
  bool sent = waiting.client().send_line(fmt::format("{} {} {} {}", kEnded, answer->exit_code,
                                                     answer->out.size(), answer->err.size())) &&
              waiting.client().send(answer->out) && waiting.client().send(answer->err);
  static_cast<void>(sent);  // who has gone away hears nothing
}

Result<LoadAnswer> LoadSocket::carry_out(LocalServer::Waiting& waiting) const {
  TRY(LoadOrder order, take_order(waiting));
  std::mutex mutex;
  LoadProgress at;
  std::atomic<bool> stop{false};
  std::atomic<bool> is_over{false};
  Result<LoadAnswer> answer = LoadAnswer();
  std::thread worker([&] {
    answer = carry_out_(
        order,
        [&](const LoadProgress& now) {
          std::lock_guard lock(mutex);
          at = now;
        },
        stop);
    is_over = true;
  });
  // Who went away, or says more, has given up.
  while (!is_over) {
    auto line = waiting.wait_for_line(kLoadTell);
    if (!line || *line) {
      stop = true;
      break;
    }
    std::unique_lock lock(mutex);
    std::string tell = to_line(at);
    lock.unlock();
    if (!waiting.client().send_line(std::move(tell))) {
      stop = true;
      break;
    }
  }
  worker.join();
  return answer;
}

Result<LoadAnswer> load_through(const std::string& socket_path, const LoadOrder& order,
                                const LoadProgressSink& progress) {
  TRY(check_order(order));
  auto connected = LineSocket::connect(socket_path, kWhat, kLoadSocketLineBytesMax);
  if (!connected) {
    return fail(ErrorCode::kUnavailable,
                "another process has the data folder open, and takes no loads: wait until it is "
                "done",
                {{socket_path, connected.error().message}});
  }
  LineSocket& socket = *connected;
  bool sent = socket.send_line(
      fmt::format("{} {} {} {}", kLoad, order.threads, order.source, order.paths.size()));
  for (const std::string& path : order.paths) {
    sent = sent && socket.send_line(path);
  }
  static_cast<void>(sent);  // why not, if not, is the next line
  auto gone = [](const Error& error) {
    return fail(ErrorCode::kUnavailable,
                "the process that has the store open went away, or does not answer: look what it "
                "says, and load again; what is stored stays",
                {{"", error.message}});
  };
  while (true) {
    auto line = socket.wait_for_line(kLoadSilenceMsMax);
    if (!line) {
      return gone(line.error());
    }
    std::string_view rest = *line;
    std::string_view word = next_word(rest);
    if (word == kAt) {
      if (auto numbers = parse_numbers(rest, 4); numbers && progress) {
        progress({(*numbers)[0] != 0, (*numbers)[1], (*numbers)[2], (*numbers)[3]});
      }
      continue;
    }
    auto numbers = parse_numbers(rest, 3);
    if (word != kEnded || !numbers) {
      return fail(parse_error_line(*line));
    }
    LoadAnswer answer;
    answer.exit_code = static_cast<int>((*numbers)[0]);
    for (auto [text, size] :
         {std::pair(&answer.out, (*numbers)[1]), {&answer.err, (*numbers)[2]}}) {
      auto bytes = socket.wait_for_bytes(size, kLoadSilenceMsMax);
      if (!bytes) {
        return gone(bytes.error());
      }
      *text = *std::move(bytes);
    }
    return answer;
  }
}

}  // namespace continuum::service
