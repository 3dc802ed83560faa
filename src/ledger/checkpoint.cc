#include "ledger/checkpoint.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/check.h"
#include "ledger/limits.h"

namespace continuum::ledger {
namespace {

constexpr std::string_view kSignatureStart = "\xE2\x80\x94 ";  // em dash, space
constexpr std::string_view kInstantStart = "instant ";
constexpr uint8_t kEd25519Type = 1;
constexpr size_t kKeyIdSize = 4;
// Holds the last note and what may be torn after it.
constexpr uint64_t kTailBytes = 4 * kCheckpointBytesMax;

tl::unexpected<Error> not_a_checkpoint() {
  return fail(ErrorCode::kInvalid, "not a checkpoint of a ledger");
}
tl::unexpected<Error> not_a_key() {
  return fail(ErrorCode::kInvalid, "not a verifier key");
}

// The next line without its end; nothing when no line end is left.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const size_t end = rest.find('\n');
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

template <typename Number>
std::optional<Number> parse_decimal(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || std::to_string(number) != text) {
    return std::nullopt;
  }
  return number;
}

std::optional<Hash> parse_hash(std::string_view base64) {
  const auto bytes = from_base64(base64);
  if (!bytes || bytes->size() != kHashSize) {
    return std::nullopt;
  }
  return hash_from(*bytes);
}

std::string encode_text(const Checkpoint& checkpoint) {
  return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" +
         to_base64(crypto::view(checkpoint.root)) + "\n" + std::string(kInstantStart) +
         to_fhir_instant(checkpoint.instant) + "\n";
}

Result<Checkpoint> parse_text(std::string_view rest) {
  const auto origin = take_line(rest);
  const auto size = take_line(rest);
  const auto root = take_line(rest);
  const auto instant = take_line(rest);
  if (!instant || !rest.empty() || !is_origin(*origin) || !instant->starts_with(kInstantStart)) {
    return not_a_checkpoint();
  }
  const auto number = parse_decimal<uint64_t>(*size);
  const auto hash = parse_hash(*root);
  const std::string_view when = instant->substr(kInstantStart.size());
  const auto parsed = parse_fhir_instant(when);
  if (!number || !hash || !parsed || to_fhir_instant(*parsed) != when) {
    return not_a_checkpoint();
  }
  return Checkpoint{std::string(*origin), *number, *hash, *parsed};
}

Result<SignatureLine> parse_signature(std::string_view line) {
  if (!line.starts_with(kSignatureStart)) {
    return not_a_checkpoint();
  }
  line.remove_prefix(kSignatureStart.size());
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || !is_origin(line.substr(0, space))) {
    return not_a_checkpoint();
  }
  const auto bytes = from_base64(line.substr(space + 1));
  if (!bytes || bytes->size() <= kKeyIdSize) {
    return not_a_checkpoint();
  }
  ByteReader reader(*bytes);
  return SignatureLine{std::string(line.substr(0, space)), *reader.u32(),
                       std::string(reader.rest())};
}

// Cuts a stream of notes apart as it comes.
class Splitter {
 public:
  void add(std::string_view bytes, std::vector<std::string>& notes) {
    pending_.append(bytes);
    size_t start = 0;
    for (size_t end = pending_.find('\n', looked_at_); end != std::string::npos;
         end = pending_.find('\n', looked_at_)) {
      const std::string_view line = std::string_view(pending_).substr(looked_at_, end - looked_at_);
      const bool signature = line.starts_with(kSignatureStart);
      if (!signature && signed_to_ > start) {
        notes.push_back(pending_.substr(start, signed_to_ - start));
        start = signed_to_;
      }
      looked_at_ = end + 1;
      if (signature) {
        signed_to_ = looked_at_;
      } else if (looked_at_ - start > kCheckpointBytesMax) {
        notes.push_back(pending_.substr(start, looked_at_ - start));
        start = signed_to_ = looked_at_;
      }
    }
    pending_.erase(0, start);
    looked_at_ -= start;
    signed_to_ = signed_to_ > start ? signed_to_ - start : 0;
  }

  // The bytes of the torn end.
  uint64_t finish(std::vector<std::string>& notes) {
    if (signed_to_ > 0) {
      notes.push_back(pending_.substr(0, signed_to_));
    }
    return pending_.size() - signed_to_;
  }

 private:
  std::string pending_;   // from the start of a note on
  size_t looked_at_ = 0;  // whole lines up to here
  size_t signed_to_ = 0;  // the end of the last signature line of the note; 0: none yet
};

}  // namespace

bool is_origin(std::string_view text) {
  return !text.empty() && text.size() <= kOriginBytesMax && is_utf8(text) &&
         !text.starts_with(kSignatureStart.substr(0, 3)) &&
         std::none_of(text.begin(), text.end(), [](char c) {
           const auto byte = static_cast<uint8_t>(c);
           return byte <= ' ' || byte == 0x7F || c == '+';
         });
}

Result<std::string> origin_of(std::string_view base_url) {
  const size_t scheme = base_url.find("://");
  if (scheme != std::string_view::npos) {
    base_url.remove_prefix(scheme + 3);
  }
  while (base_url.ends_with('/')) {
    base_url.remove_suffix(1);
  }
  std::string origin = std::string(base_url) + "/ledger";
  if (base_url.empty() || !is_origin(origin)) {
    return fail(ErrorCode::kInvalid, "the base URL can't name a ledger");
  }
  return origin;
}

uint32_t VerifierKey::id() const {
  std::string named = name + "\n";
  put_u8(named, kEd25519Type);
  named.append(crypto::view(public_key));
  const Hash digest = crypto::sha256(named);
  return *ByteReader(crypto::view(digest)).u32();
}

std::string encode(const VerifierKey& key) {
  CHECK(is_origin(key.name));
  std::string id;
  put_u32(id, key.id());
  std::string typed;
  put_u8(typed, kEd25519Type);
  typed.append(crypto::view(key.public_key));
  return key.name + "+" + to_hex(id) + "+" + to_base64(typed);
}

Result<VerifierKey> parse_verifier_key(std::string_view text) {
  if (text.ends_with('\n')) {
    text.remove_suffix(1);
  }
  const size_t first = text.find('+');
  const size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos || !is_origin(text.substr(0, first))) {
    return not_a_key();
  }
  const auto typed = from_base64(text.substr(second + 1));
  if (!typed || typed->size() != 1 + kHashSize || typed->front() != char{kEd25519Type}) {
    return not_a_key();
  }
  VerifierKey key{std::string(text.substr(0, first)), crypto::key_from(typed->substr(1))};
  if (encode(key) != text) {
    return not_a_key();
  }
  return key;
}

std::string sign(const Checkpoint& checkpoint, const crypto::Ed25519Key& key) {
  CHECK(is_origin(checkpoint.origin));
  const std::string text = encode_text(checkpoint);
  const crypto::Ed25519Signature signature = key.sign(text);
  std::string signed_by;
  put_u32(signed_by, VerifierKey{checkpoint.origin, key.public_key()}.id());
  signed_by.append(reinterpret_cast<const char*>(signature.data()), signature.size());
  return text + "\n" + std::string(kSignatureStart) + checkpoint.origin + " " +
         to_base64(signed_by) + "\n";
}

Result<Note> parse_note(std::string_view bytes) {
  const size_t end = bytes.find("\n\n");
  if (bytes.size() > kCheckpointBytesMax || end == std::string_view::npos) {
    return not_a_checkpoint();
  }
  Note note;
  note.text = bytes.substr(0, end + 1);
  TRY(note.checkpoint, parse_text(note.text));
  std::string_view rest = bytes.substr(end + 2);
  while (!rest.empty()) {
    const auto line = take_line(rest);
    if (!line || note.signatures.size() == kSignatureLinesMax) {
      return not_a_checkpoint();
    }
    TRY(SignatureLine signature, parse_signature(*line));
    note.signatures.push_back(std::move(signature));
  }
  if (note.signatures.empty()) {
    return not_a_checkpoint();
  }
  return note;
}

bool is_signed_by(const Note& note, const VerifierKey& key) {
  if (note.checkpoint.origin != key.name) {
    return false;
  }
  const uint32_t id = key.id();
  bool any = false;
  for (const SignatureLine& line : note.signatures) {
    if (line.name != key.name || line.key_id != id) {
      continue;
    }
    if (!crypto::ed25519_verify(crypto::view(key.public_key), note.text, line.signature)) {
      return false;
    }
    any = true;
  }
  return any;
}

Status check_against(const HashSource& ledger, const Checkpoint& checkpoint) {
  if (checkpoint.size > ledger.size()) {
    return fail(ErrorCode::kConflict, "the ledger has " + std::to_string(ledger.size()) +
                                          " entries, and a checkpoint knows of " +
                                          std::to_string(checkpoint.size));
  }
  TRY(const Hash root, root_at(ledger, checkpoint.size));
  if (root != checkpoint.root) {
    return fail(ErrorCode::kConflict, "the first " + std::to_string(checkpoint.size) +
                                          " entries of the ledger are not those of its checkpoint");
  }
  return {};
}

Notes split_notes(std::string_view bytes) {
  Notes out;
  Splitter splitter;
  splitter.add(bytes, out.notes);
  out.torn_bytes = splitter.finish(out.notes);
  return out;
}

Result<Notes> read_checkpoint_file(FileSystem& files, const std::string& path) {
  TRY(const auto file, files.open_readable(path));
  TRY(const uint64_t size, file->size());
  if (size > kCheckpointFileBytesMax) {
    return fail(ErrorCode::kTooLarge, path + " is too large for a checkpoint file");
  }
  constexpr size_t kPiece = size_t{1} << 20;
  Notes out;
  Splitter splitter;
  for (uint64_t at = 0; at < size; at += kPiece) {
    TRY(const std::string piece, file->read(at, kPiece));
    splitter.add(piece, out.notes);
  }
  out.torn_bytes = splitter.finish(out.notes);
  return out;
}

Result<CheckpointFile> CheckpointFile::open(FileSystem& files, const std::string& path,
                                            VerifierKey key) {
  CheckpointFile out(std::move(key));
  TRY(out.file_, files.open_writable(path, OpenMode::kAppend));
  // A process that died may have left a name or bytes that were never synced.
  TRY(out.file_->sync());
  TRY(files.sync_directory(parent_directory(path)));
  TRY(const auto file, files.open_readable(path));
  TRY(const uint64_t size, file->size());
  const uint64_t from = size - std::min(size, kTailBytes);
  TRY(const std::string tail, file->read(from, kTailBytes));
  const Notes notes = split_notes(tail);
  // Of a tail the first note may be the end of one.
  if (notes.notes.size() > (from > 0 ? 1U : 0U)) {
    const auto note = parse_note(notes.notes.back());
    if (!note || !is_signed_by(*note, out.key_)) {
      return fail(ErrorCode::kCorrupt,
                  "the last checkpoint in " + path + " is damaged or was signed by another key");
    }
    out.last_ = note->checkpoint;
  } else if (from > 0) {
    return fail(ErrorCode::kCorrupt, path + " is not a checkpoint file");
  }
  out.torn_bytes_ = notes.torn_bytes;
  out.whole_bytes_ = size - notes.torn_bytes;
  out.dirty_ = notes.torn_bytes > 0;
  return out;
}

Status CheckpointFile::append(std::string_view note) {
  const auto parsed = parse_note(note);
  if (!parsed || !is_signed_by(*parsed, key_)) {
    return fail(ErrorCode::kInvalid, "not a checkpoint signed by the ledger's key");
  }
  const Checkpoint& next = parsed->checkpoint;
  if (last_ && next.size == last_->size && next.root == last_->root) {
    return {};
  }
  if (last_ && next.size <= last_->size) {
    return fail(ErrorCode::kConflict, "the ledger has " + std::to_string(next.size) +
                                          " entries, and its checkpoint file knows of " +
                                          std::to_string(last_->size) +
                                          (next.size == last_->size ? " others" : ""));
  }
  if (dirty_) {
    TRY(file_->truncate(whole_bytes_));
  }
  dirty_ = true;
  TRY(file_->append(note));
  TRY(file_->sync());
  dirty_ = false;
  whole_bytes_ += note.size();
  last_ = next;
  return {};
}

}  // namespace continuum::ledger
