#include "service/backup_socket.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "service/limits.h"

namespace continuum::service {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kWhat = "backup socket";
constexpr std::string_view kBegin = "backup 1";
constexpr std::string_view kFrozen = "frozen";
constexpr std::string_view kNoted = "noted";
// What the client waits for: memory written to files; one entry in the ledger.
constexpr milliseconds kFreezeMsMax{600'000};
constexpr milliseconds kNoteMsMax{60'000};

bool is_moment_name(std::string_view text) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  };
  return !text.empty() && text.size() <= kBackupWordBytesMax &&
         std::all_of(text.begin(), text.end(), allowed);
}

std::string to_line(const BackupDone& done) {
  return fmt::format("done {} {} {} {} {}", done.moment, done.t, done.entries, done.files,
                     done.bytes);
}

Result<BackupDone> parse_done(std::string_view line) {
  BackupDone done;
  size_t space = line.find(' ');
  std::string_view word = line.substr(0, space);
  std::string_view rest = space == std::string_view::npos ? "" : line.substr(space + 1);
  space = rest.find(' ');
  done.moment = rest.substr(0, space);
  rest = space == std::string_view::npos ? "" : rest.substr(space);
  for (uint64_t* number : {&done.t, &done.entries, &done.files, &done.bytes}) {
    rest = rest.substr(std::min<size_t>(1, rest.size()));
    auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), *number);
    if (error != std::errc()) {
      break;
    }
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
  }
  // Whatever was misread comes out as another line.
  if (word != "done" || !is_moment_name(done.moment) || to_line(done) != line) {
    return fail(ErrorCode::kInvalid, "not a line of this protocol");
  }
  return done;
}

}  // namespace

std::string to_json(const BackupDone& done) {
  return fmt::format(R"({{"moment":"{}","t":{},"entries":{},"files":{},"bytes":{}}})", done.moment,
                     done.t, done.entries, done.files, done.bytes);
}

std::string backup_socket_path(const std::string& data_folder) {
  return data_folder + "/backup.socket";
}

// One client, until its backup is done or it goes away.
class BackupSocket::Session {
 public:
  Session(const Options& options, LocalServer::Waiting& waiting)
      : options_(options), waiting_(waiting) {}

  void run() {
    Status ended = talk();
    moment_.reset();
    if (ended) {
      waiting_.client().send_line(std::string(kNoted));
      return;
    }
    waiting_.client().send_error(ended.error());
    if (is_begun_) {
      ignore_error(
          options_.note("failed", fmt::format(R"({{"code":"{}"}})", to_string(ended.error().code))),
          "that it began is noted, and that it was done is not");
    }
  }

 private:
  Status talk() {
    TRY(std::string first, next_line(options_.line_ms_max));
    if (first != kBegin) {
      return fail(ErrorCode::kInvalid, "not a line of this protocol");
    }
    TRY(options_.note("begun", "{}"));
    is_begun_ = true;
    TRY(moment_, options_.store.freeze());
    waiting_.client().send_line(std::string(kFrozen));
    TRY(std::string last, next_line(options_.session_ms_max));
    TRY(BackupDone done, parse_done(last));
    moment_.reset();
    return options_.note("done", to_json(done));
  }

  Result<std::string> next_line(milliseconds ms_max) {
    TRY(auto line, waiting_.wait_for_line(ms_max));
    if (!line) {
      return fail(ErrorCode::kDeadline, "the backup took too long");
    }
    if (waiting_.client().has_more()) {
      return fail(ErrorCode::kInvalid, "more than one line at a time");
    }
    return *std::move(line);
  }

  const Options& options_;
  LocalServer::Waiting& waiting_;
  bool is_begun_ = false;
  std::unique_ptr<record::Moment> moment_;
};

BackupSocket::BackupSocket(Options options) : options_(std::move(options)) {}

Result<std::unique_ptr<BackupSocket>> BackupSocket::start(Options options) {
  std::unique_ptr<BackupSocket> socket(new BackupSocket(std::move(options)));
  TRY(socket->server_,
      LocalServer::start({.path = socket->options_.path,
                          .what = std::string(kWhat),
                          .busy = "another backup is being made",
                          .line_bytes_max = kBackupLineBytesMax,
                          .serve = [self = socket.get()](LocalServer::Waiting& waiting) {
                            Session(self->options_, waiting).run();
                          }}));
  return socket;
}

Result<BackupClient> BackupClient::connect(const std::string& path) {
  auto socket = LineSocket::connect(path, kWhat, kBackupLineBytesMax);
  if (!socket) {
    return fail(ErrorCode::kUnavailable,
                "another process has the data folder open, and takes no backups: wait until it is "
                "done",
                {{path, socket.error().message}});
  }
  return BackupClient(std::move(*socket));
}

Status BackupClient::ask(const std::string& line, std::string_view expected, milliseconds ms_max) {
  socket_.send_line(line);
  auto answer = socket_.wait_for_line(ms_max);
  if (!answer && answer.error().code == ErrorCode::kDeadline) {
    return fail(ErrorCode::kDeadline, "the process that has the store open does not answer");
  }
  if (!answer && answer.error().code == ErrorCode::kCancelled) {
    return fail(ErrorCode::kUnavailable, "the process that has the store open went away");
  }
  TRY(std::string text, std::move(answer));
  return text == expected ? Status() : fail(parse_error_line(text));
}

Status BackupClient::freeze() {
  return ask(std::string(kBegin), kFrozen, kFreezeMsMax);
}

Status BackupClient::done(const BackupDone& done) {
  return ask(to_line(done), kNoted, kNoteMsMax);
}

}  // namespace continuum::service
