#include "record/key_backup.h"

namespace continuum::record {
namespace {

constexpr std::string_view kMagic("CTMKEYB\x01", 8);
constexpr size_t kCheckSize = 32;
constexpr uint64_t kFileBytesMax = uint64_t{16} << 30;

// Over all that stands before it: no record can be left out, doubled or taken from another backup.
crypto::Digest check_of(const crypto::Key& region_key, std::string_view bytes) {
  return crypto::Hmac(crypto::derive_key(region_key, "continuum key backup"))(bytes);
}

Result<KeyBackup> decode(ByteReader& reader, const crypto::Key& region_key) {
  KeyBackup backup;
  TRY(uint64_t micros, reader.u64());
  backup.instant.micros = static_cast<int64_t>(micros);
  TRY(uint64_t count, reader.u64());
  if (count != reader.rest().size() / kKeyRecordSize ||
      reader.rest().size() % kKeyRecordSize != 0) {
    return fail(ErrorCode::kCorrupt, "it holds another number of keys than it says");
  }
  backup.keys.reserve(count);
  while (!reader.empty()) {
    TRY(KeyRecord key, take_key_record(reader, region_key));
    backup.keys.push_back(key);
  }
  return backup;
}

}  // namespace

Status write_key_backup(FileSystem& files, const std::string& path, const crypto::Key& region_key,
                        const KeyBackup& backup) {
  if (files.exists(path)) {
    return fail(ErrorCode::kConflict, "there is a file of that name", {{path, "choose another"}});
  }
  std::string bytes(kMagic);
  bytes += key_mark(region_key);
  put_u64(bytes, static_cast<uint64_t>(backup.instant.micros));
  put_u64(bytes, backup.keys.size());
  for (const KeyRecord& key : backup.keys) {
    put_key_record(bytes, region_key, key);
  }
  bytes += crypto::view(check_of(region_key, bytes));
  return replace_file(files, path, bytes);
}

Result<KeyBackup> read_key_backup(FileSystem& files, const std::string& path,
                                  const crypto::Key& region_key) {
  TRY(std::string bytes, read_file(files, path, kFileBytesMax));
  ByteReader reader(bytes);
  auto magic = reader.take(kMagic.size());
  auto mark = reader.take(kKeyMarkSize);
  if (!magic || *magic != kMagic || !mark || reader.rest().size() < kCheckSize) {
    return fail(ErrorCode::kCorrupt, "not a backup of a key store",
                {{path, "key backup makes one"}});
  }
  std::string_view body = std::string_view(bytes).substr(0, bytes.size() - kCheckSize);
  bool holds = crypto::equal_in_constant_time(std::string_view(bytes).substr(body.size()),
                                              crypto::view(check_of(region_key, body)));
  if (!holds && *mark != key_mark(region_key)) {
    return fail(ErrorCode::kForbidden, "the backup was made under another region key",
                {{path, "under the key marked " + shown_mark(*mark) + "; the one given is marked " +
                            shown_mark(key_mark(region_key))}});
  }
  if (!holds) {
    return fail(ErrorCode::kCorrupt, "the backup is not as it was written",
                {{path, "use another copy or an older one"}});
  }
  ByteReader content(body.substr(kMagic.size() + kKeyMarkSize));
  return decode(content, region_key);
}

}  // namespace continuum::record
