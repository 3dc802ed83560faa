#include "rocks/encryption.h"

#include <rocksdb/env_encryption.h>

#include <cstring>

#include "base/bytes.h"
#include "base/random.h"
#include "crypto/stream_cipher.h"

namespace continuum::rocks {
namespace {

constexpr std::string_view kMagic("CTMFILE\x01", 8);
constexpr size_t kCheckSize = 16;

std::string check_of(const crypto::Key& key, std::string_view magic_and_iv) {
  crypto::Digest mac = crypto::Hmac(key)(magic_and_iv);
  return std::string(crypto::view(mac).substr(0, kCheckSize));
}

class FileCipher final : public rocksdb::BlockAccessCipherStream {
 public:
  FileCipher(const crypto::Key& key, const crypto::Iv& iv) : key_(key), iv_(iv) {}

  size_t BlockSize() override { return 16; }
  rocksdb::Status Encrypt(uint64_t offset, char* data, size_t size) override {
    crypto::apply_stream_cipher(key_, iv_, offset, data, size);
    return rocksdb::Status::OK();
  }
  rocksdb::Status Decrypt(uint64_t offset, char* data, size_t size) override {
    return Encrypt(offset, data, size);
  }

 protected:
  // Never called: the two above don't go block by block.
  void AllocateScratch(std::string&) override {}
  rocksdb::Status EncryptBlock(uint64_t, char*, char*) override {
    return rocksdb::Status::NotSupported();
  }
  rocksdb::Status DecryptBlock(uint64_t, char*, char*) override {
    return rocksdb::Status::NotSupported();
  }

 private:
  crypto::Key key_;
  crypto::Iv iv_;
};

class FileCipherProvider final : public rocksdb::EncryptionProvider {
 public:
  explicit FileCipherProvider(const crypto::Key& key) : key_(key) {}

  const char* Name() const override { return "continuum"; }
  size_t GetPrefixLength() const override { return kFilePrefixSize; }

  rocksdb::Status CreateNewPrefix(const std::string&, char* prefix, size_t size) const override {
    std::string start(kMagic);
    start += SecureRandom().bytes(crypto::kIvSize);
    start += check_of(key_, start);
    std::memset(prefix, 0, size);
    std::memcpy(prefix, start.data(), start.size());
    return rocksdb::Status::OK();
  }

  rocksdb::Status AddCipher(const std::string&, const char*, size_t, bool) override {
    return rocksdb::Status::NotSupported();
  }

  rocksdb::Status CreateCipherStream(
      const std::string& name, const rocksdb::EnvOptions&, rocksdb::Slice& prefix,
      std::unique_ptr<rocksdb::BlockAccessCipherStream>* result) override {
    std::string_view bytes(prefix.data(), prefix.size());
    constexpr size_t kChecked = kMagic.size() + crypto::kIvSize;
    if (bytes.size() < kChecked + kCheckSize || bytes.substr(0, kMagic.size()) != kMagic) {
      return rocksdb::Status::Corruption("not an enciphered file of this program", name);
    }
    if (!crypto::equal_in_constant_time(bytes.substr(kChecked, kCheckSize),
                                        check_of(key_, bytes.substr(0, kChecked)))) {
      return rocksdb::Status::Corruption("enciphered under another region key, or damaged", name);
    }
    crypto::Iv iv{};
    std::memcpy(iv.data(), bytes.data() + kMagic.size(), iv.size());
    *result = std::make_unique<FileCipher>(key_, iv);
    return rocksdb::Status::OK();
  }

 private:
  crypto::Key key_;
};

// RocksDB 7.8 reopens a file it takes in only to sync it, and its enciphering layer then appends a
// second prefix. Saying that reopening is not supported makes it skip the step; SstFileWriter has
// synced before.
class NoReopening final : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;
  const char* Name() const override { return "continuum-enciphered"; }
  rocksdb::IOStatus ReopenWritableFile(const std::string&, const rocksdb::FileOptions&,
                                       std::unique_ptr<rocksdb::FSWritableFile>*,
                                       rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::NotSupported("files are written once");
  }
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> enciphered(const std::shared_ptr<rocksdb::FileSystem>& below,
                                                const crypto::Key& file_key) {
  return std::make_shared<NoReopening>(
      rocksdb::NewEncryptedFS(below, std::make_shared<FileCipherProvider>(file_key)));
}

}  // namespace continuum::rocks
