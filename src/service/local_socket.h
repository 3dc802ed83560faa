// Unix-domain sockets in a data folder: how commands reach the process that has the store open.
// Only processes of the same user are answered.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/result.h"

namespace continuum::service {

// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();
  int get() const { return number_; }

 private:
  int number_;
};

// One end of a conversation in lines, each ended by LF. One thread.
class LineSocket {
 public:
  LineSocket(Descriptor socket, size_t line_bytes_max)
      : socket_(std::move(socket)), line_bytes_max_(line_bytes_max) {}
  // kUnavailable: nobody listens there. `what` it is: "backup socket".
  static Result<LineSocket> connect(const std::string& path, std::string_view what,
                                    size_t line_bytes_max);

  int descriptor() const { return socket_.get(); }
  // Takes what has come; a line once it is whole, without its end. kCancelled: the other went away.
  // kTooLarge.
  Result<std::optional<std::string>> take();
  // Something has come after the last line that was taken.
  bool has_more() const { return !received_.empty(); }
  // Whether take() has a line without receiving.
  bool has_line() const { return received_.find('\n') != std::string::npos; }
  // Waits for a line. kDeadline; else as take().
  Result<std::string> wait_for_line(std::chrono::milliseconds ms_max);
  // Waits for that many bytes after a line. Errors as wait_for_line.
  Result<std::string> wait_for_bytes(size_t count, std::chrono::milliseconds ms_max);
  // False: the other went away, or takes nothing for kLocalSendMsMax.
  bool send(std::string_view bytes);
  bool send_line(std::string line);
  // "error CODE TEXT", on one line.
  bool send_error(const Error& error);

 private:
  Status receive();

  Descriptor socket_;
  size_t line_bytes_max_;
  std::string received_;
};

// What an "error" line says. `line` may be anything.
Error parse_error_line(std::string_view line);

// Listens at a path, and serves one client at a time on a thread of its own.
class LocalServer {
 public:
  // What is seen while a client is served.
  class Waiting {
   public:
    // A line of the client's. Nothing after `ms_max`. Refuses others who come meanwhile.
    // kUnavailable: the server stops. Else as LineSocket::take.
    Result<std::optional<std::string>> wait_for_line(std::chrono::milliseconds ms_max);
    LineSocket& client() { return client_; }

   private:
    friend class LocalServer;
    Waiting(const LocalServer& server, LineSocket client)
        : server_(server), client_(std::move(client)) {}
    void refuse_another() const;

    const LocalServer& server_;
    LineSocket client_;
  };

  struct Options {
    std::string path;
    std::string what;  // "backup socket"
    std::string busy;  // what a second client is told: "another backup is being made"
    size_t line_bytes_max = 256;
    std::function<void(Waiting&)> serve;  // until it is done; called on the server's thread
  };
  // Replaces what an earlier process left at the path. Readable and writable by the user alone.
  static Result<std::unique_ptr<LocalServer>> start(Options options);
  // A client that is being served is told that the server stops.
  ~LocalServer();
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

 private:
  LocalServer(Options options, Descriptor listener, Descriptor stopper);
  void run();

  Options options_;
  Descriptor listener_;
  Descriptor stopper_;  // readable once it is to stop
  std::thread thread_;  // the last: it uses the others
};

}  // namespace continuum::service
