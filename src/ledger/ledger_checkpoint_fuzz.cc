// Notes, verifier keys and checkpoint files from arbitrary bytes: nothing but what the key signed
// verifies, cutting apart loses no byte, and a file that opens goes on.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/file_system.h"
#include "ledger/checkpoint.h"

namespace {

using namespace continuum;
using namespace continuum::ledger;

const crypto::Ed25519Key& signing_key() {
  static const crypto::Ed25519Key key = crypto::Ed25519Key::from_seed(crypto::Key{7});
  return key;
}

const VerifierKey& verifier_key() {
  static const VerifierKey key = {"record.example/ledger", signing_key().public_key()};
  return key;
}

void check_note(std::string_view bytes) {
  const auto note = parse_note(bytes);
  if (!note) {
    return;
  }
  CHECK(bytes.starts_with(note->text) && !note->signatures.empty());
  // Signed by us, it says the same.
  const std::string again = sign(note->checkpoint, signing_key());
  CHECK(again.starts_with(note->text + "\n"));
  const auto parsed = parse_note(again);
  CHECK(parsed && parsed->checkpoint == note->checkpoint);
  VerifierKey key = verifier_key();
  key.name = note->checkpoint.origin;
  CHECK(is_signed_by(*parsed, key));
}

void check_file(std::string_view bytes) {
  const Notes notes = split_notes(bytes);
  std::string whole;
  for (const std::string& note : notes.notes) {
    whole += note;
  }
  CHECK(whole == bytes.substr(0, whole.size()));
  CHECK(whole.size() + notes.torn_bytes == bytes.size());

  MemoryFileSystem files;
  CHECK((*files.open_writable("file", OpenMode::kTruncate))->append(bytes).has_value());
  auto file = CheckpointFile::open(files, "file", verifier_key());
  if (!file) {
    return;
  }
  const uint64_t last = file->last() ? file->last()->size : 0;
  if (last == UINT64_MAX) {
    return;
  }
  const Checkpoint next = {verifier_key().name, last + 1, empty_root(), {}};
  CHECK(file->append(sign(next, signing_key())).has_value());
  const auto again = CheckpointFile::open(files, "file", verifier_key());
  CHECK(again && again->torn_bytes() == 0 && again->last() == next);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_note(bytes);
  check_file(bytes);
  if (const auto key = parse_verifier_key(bytes)) {
    CHECK(bytes.starts_with(encode(*key)));
  }
  return 0;
}
