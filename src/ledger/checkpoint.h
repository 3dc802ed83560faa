// Checkpoints: signed statements of the ledger's size and root (docs/ledger_format.md section 3),
// and the file outside the data folder that they are kept in.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/instant.h"
#include "base/result.h"
#include "crypto/digest.h"
#include "crypto/signature.h"
#include "ledger/tree.h"

namespace continuum::ledger {

// 1 to kOriginBytesMax bytes of UTF-8 without control characters, spaces and '+'; not starting as a
// signature line does.
bool is_origin(std::string_view text);
// Of a region: "https://record.example/fhir" gives "record.example/fhir/ledger". kInvalid when that
// is no origin.
Result<std::string> origin_of(std::string_view base_url);

struct Checkpoint {
  std::string origin;
  uint64_t size = 0;
  Hash root{};
  Instant instant;  // years 1 to 9999; written to the millisecond

  bool operator==(const Checkpoint&) const = default;
};

// A public key with the name it signs under.
struct VerifierKey {
  std::string name;
  crypto::Key public_key{};

  uint32_t id() const;
  bool operator==(const VerifierKey&) const = default;
};
// One line without its end; `name` must be an origin (CHECK).
std::string encode(const VerifierKey& key);
// With or without one line end. kInvalid; also when the key's id is not its own.
Result<VerifierKey> parse_verifier_key(std::string_view text);

// The note, signed under its origin, which must be one (CHECK).
std::string sign(const Checkpoint& checkpoint, const crypto::Ed25519Key& key);

struct SignatureLine {
  std::string name;
  uint32_t key_id = 0;
  std::string signature;
};
struct Note {
  Checkpoint checkpoint;
  std::string text;  // what is signed
  std::vector<SignatureLine> signatures;
};
// Any bytes; kInvalid unless they are one note, as written, with 1 to kSignatureLinesMax signature
// lines. Verifies nothing.
Result<Note> parse_note(std::string_view bytes);
// Whether the note is of the key's origin and signed by it. False also when one of several
// signatures under its name and id is wrong.
bool is_signed_by(const Note& note, const VerifierKey& key);

// Whether the ledger is the one that the checkpoint is of: kConflict when it has fewer entries, or
// other ones. Reads two tiles a level.
Status check_against(const HashSource& ledger, const Checkpoint& checkpoint);

// Notes one after the other; a note ends with its signature lines. What follows the last of them is
// a torn end. Over kCheckpointBytesMax without a signature line, what was read counts as one note
// (that parse_note will refuse).
struct Notes {
  std::vector<std::string> notes;
  uint64_t torn_bytes = 0;
};
Notes split_notes(std::string_view bytes);
// kTooLarge over kCheckpointFileBytesMax.
Result<Notes> read_checkpoint_file(FileSystem& files, const std::string& path);

// The file, for the one process that appends to it. Movable; one thread at a time.
class CheckpointFile {
 public:
  // Makes the file when there is none; cuts a torn end off. kCorrupt when its last checkpoint is
  // not one, or not signed by `key`: another key needs another file.
  static Result<CheckpointFile> open(FileSystem& files, const std::string& path, VerifierKey key);

  const std::optional<Checkpoint>& last() const { return last_; }
  // Cut off by open().
  uint64_t torn_bytes() const { return torn_bytes_; }

  // Durable when it returns. kInvalid when it is not a note signed by the key. kConflict when it is
  // smaller than the last, or of the same size with another root; the same size and root once more
  // is success, and nothing is written. After any other error the note may or may not come to be in
  // the file, and append() may be called again.
  Status append(std::string_view note);

 private:
  explicit CheckpointFile(VerifierKey key) : key_(std::move(key)) {}

  VerifierKey key_;
  std::unique_ptr<WritableFile> file_;
  std::optional<Checkpoint> last_;
  uint64_t whole_bytes_ = 0;  // up to the end of the last note
  uint64_t torn_bytes_ = 0;
  bool dirty_ = false;  // there may be bytes after whole_bytes_
};

}  // namespace continuum::ledger
