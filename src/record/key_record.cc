#include "record/key_record.h"

#include "base/check.h"
#include "crypto/aead.h"

namespace continuum::record {
namespace {

constexpr size_t kSealedSize = 32 + crypto::kSealOverhead;
constexpr size_t kShownMarkSize = 4;

std::string context_of(uint8_t kind, uint64_t number) {
  std::string context = "continuum key";
  put_u8(context, kind);
  put_u64(context, number);
  return context;
}

}  // namespace

void put_key_record(std::string& out, const crypto::Key& region_key, const KeyRecord& record) {
  const size_t start = out.size();
  auto kind = static_cast<uint8_t>(record.id.kind);
  put_u8(out, kind);
  put_u64(out, record.id.number);
  crypto::thread_aead().seal(region_key, context_of(kind, record.id.number),
                             crypto::view(record.key), out);
  CHECK(out.size() - start == kKeyRecordSize);
}

Result<KeyRecord> take_key_record(ByteReader& reader, const crypto::Key& region_key) {
  KeyRecord record;
  TRY(uint8_t kind, reader.u8());
  TRY(record.id.number, reader.u64());
  TRY(auto sealed, reader.take(kSealedSize));
  std::string opened;
  TRY(crypto::thread_aead().open(region_key, context_of(kind, record.id.number), sealed, opened));
  if (kind < static_cast<uint8_t>(KeyKind::kData) ||
      kind > static_cast<uint8_t>(KeyKind::kAuditMonth)) {
    return fail(ErrorCode::kUnsupported, "a key of a kind this program doesn't know",
                {{"", "use a newer program"}});
  }
  record.id.kind = static_cast<KeyKind>(kind);
  record.key = crypto::key_from(opened);
  return record;
}

std::string key_mark(const crypto::Key& region_key) {
  crypto::Digest mark = crypto::Hmac(region_key)("continuum region key mark");
  return std::string(crypto::view(mark).substr(0, kKeyMarkSize));
}

std::string shown_mark(std::string_view mark) {
  return to_hex(mark.substr(0, kShownMarkSize));
}

}  // namespace continuum::record
