// How a backup is made of a store that a server has open: over a Unix-domain socket in the data
// folder (adr/0017-backups-through-a-socket.md). Only processes of the same user are answered.
//
// Lines of at most kBackupLineBytesMax bytes, each ended by LF:
//   client: backup 1                                server: frozen, or error CODE TEXT
//   client: done MOMENT T ENTRIES FILES BYTES       server: noted, or error CODE TEXT
// While a moment is frozen the client copies it from the data folder itself; no path, and no data,
// goes over the socket. It ends with the connection: a client that goes away without `done` has
// failed. One backup at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "record/store.h"
#include "service/local_socket.h"

namespace continuum::service {

// What a backup came to, for the ledger.
struct BackupDone {
  std::string moment;    // its name: 1 to kBackupWordBytesMax of A-Z, a-z, 0-9, '-' and '.'
  uint64_t t = 0;        // of the moment
  uint64_t entries = 0;  // in its ledger
  uint64_t files = 0;    // that were copied
  uint64_t bytes = 0;
};
// {"moment":"3-20261122T211500Z","t":42,...}
std::string to_json(const BackupDone& done);

// The socket of a store in that folder.
std::string backup_socket_path(const std::string& data_folder);

// Answers on a thread of its own. The store must be this process's, and outlive it.
class BackupSocket {
 public:
  struct Options {
    record::Store& store;
    std::string path;
    // Puts a step into the ledger: begun, done, failed. Called on the socket's thread. What can't
    // be noted is not begun, or has failed.
    std::function<Status(std::string_view outcome, std::string_view details)> note;
    std::chrono::milliseconds line_ms_max;     // for a line that is due at once
    std::chrono::milliseconds session_ms_max;  // for a whole backup
  };
  // Replaces what an earlier process left at the path. Readable and writable by the user alone.
  static Result<std::unique_ptr<BackupSocket>> start(Options options);
  BackupSocket(const BackupSocket&) = delete;
  BackupSocket& operator=(const BackupSocket&) = delete;

 private:
  class Session;
  explicit BackupSocket(Options options);

  Options options_;
  std::unique_ptr<LocalServer> server_;  // the last: it uses the options; its end stops a backup
};

// The other end. Movable; one thread.
class BackupClient {
 public:
  // kUnavailable: nobody listens there.
  static Result<BackupClient> connect(const std::string& path);
  // From now on the moment lies in the data folder. Errors as the server's: kBusy, another backup
  // is being made; kDeadline; kUnavailable, it went away.
  Status freeze();
  // The backup is durable, and noted when this returns; the moment is gone.
  Status done(const BackupDone& done);

 private:
  explicit BackupClient(LineSocket socket) : socket_(std::move(socket)) {}
  Status ask(const std::string& line, std::string_view expected, std::chrono::milliseconds ms_max);

  LineSocket socket_;
};

}  // namespace continuum::service
