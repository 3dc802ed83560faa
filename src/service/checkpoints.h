// Signed statements of the ledger's state, written to a file outside the data folder
// (docs/ledger_format.md section 3): whoever keeps one can tell any later change to what it covers.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/file_system.h"
#include "crypto/signature.h"
#include "ledger/checkpoint.h"
#include "record/store.h"

namespace continuum::service {

// While the ledger grows, one is written at least so often by who calls write_when_due().
inline constexpr int64_t kCheckpointSeconds = 10;

// Thread-safe.
class Checkpoints {
 public:
  struct Options {
    record::Store& store;  // must outlive the Checkpoints, as the next two
    FileSystem& files;
    const Clock& clock;
    std::string path;    // of the checkpoint file
    std::string origin;  // ledger::origin_of
    crypto::Ed25519Key key;
  };
  // kCorrupt when the ledger has not got what the last checkpoint in the file says: it was cut or
  // rewritten. `continuum ledger verify` says how.
  static Result<std::unique_ptr<Checkpoints>> open(Options options);

  // The newest, made when there is none or one is due.
  Result<std::string> current();
  // The store as it is now: it has all that current() covers.
  std::unique_ptr<record::View> view() const;
  // Since the newest was made, by the clock; 0 when there is none.
  int64_t age_seconds();
  // Writes one when the ledger has grown and the last is kCheckpointSeconds old.
  Status write_when_due();
  // The same, however old the last one is.
  Status write();

  const ledger::VerifierKey& verifier_key() const { return verifier_key_; }

 private:
  Checkpoints(Options options, ledger::VerifierKey verifier_key, ledger::CheckpointFile file);
  Status check_last();
  Status write_if_older(int64_t seconds);

  Options options_;
  ledger::VerifierKey verifier_key_;
  std::mutex mutex_;
  ledger::CheckpointFile file_;
  std::string note_;  // of file_.last(); empty for none
};

}  // namespace continuum::service
