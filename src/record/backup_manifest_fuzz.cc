// Any bytes: a manifest that is accepted is what it encodes to, but for the seal, which needs a
// key.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "record/backup_manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace continuum;
  constexpr size_t kSealLine = 5 + 64 + 1;
  std::string text(reinterpret_cast<const char*>(data), size);
  auto check = [](std::string_view bytes) {
    auto moment = record::decode_manifest(bytes);
    if (!moment) {
      return;
    }
    record::BackupKey key(crypto::Key{});
    CHECK(!moment->name().empty());
    bool is_ours = moment->key_mark == key.mark();
    CHECK(is_ours || !record::check_manifest(bytes, *moment, key));
    moment->key_mark = key.mark();
    std::string again = record::encode_manifest(*moment, key);
    CHECK(record::decode_manifest(again));
    CHECK(!is_ours ||
          again.substr(0, again.size() - kSealLine) == bytes.substr(0, bytes.size() - kSealLine));
  };
  check(text);
  // With the digest set right the parser behind it is reached.
  std::string with_end = text;
  with_end += "digest " + to_hex(crypto::view(crypto::sha256(text))) + "\nseal " +
              std::string(64, '0') + "\n";
  check(with_end);
  return 0;
}
