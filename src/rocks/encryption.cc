#include "rocks/encryption.h"

#include <rocksdb/env_encryption.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <set>

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

// Names of files of which something could not be read. Thread-safe.
class Unreadable {
 public:
  void note(const std::string& name) {
    std::lock_guard lock(mutex_);
    names_.insert(name);
  }
  rocksdb::IOStatus check(const std::string& name) {
    std::lock_guard lock(mutex_);
    return names_.contains(name) ? rocksdb::IOStatus::IOError("could not be read", name)
                                 : rocksdb::IOStatus::OK();
  }

 private:
  std::mutex mutex_;
  std::set<std::string> names_;
};

class NotingFile final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  NotingFile(std::unique_ptr<rocksdb::FSRandomAccessFile> file, std::string name,
             std::shared_ptr<Unreadable> unreadable)
      : FSRandomAccessFileOwnerWrapper(std::move(file)),
        name_(std::move(name)),
        unreadable_(std::move(unreadable)) {}
  rocksdb::IOStatus Read(uint64_t offset, size_t n, const rocksdb::IOOptions& options,
                         rocksdb::Slice* result, char* scratch,
                         rocksdb::IODebugContext* debug) const override {
    rocksdb::IOStatus read =
        FSRandomAccessFileOwnerWrapper::Read(offset, n, options, result, scratch, debug);
    if (!read.ok()) {
      unreadable_->note(name_);
    }
    return read;
  }

 private:
  std::string name_;
  std::shared_ptr<Unreadable> unreadable_;
};

class EmptyFile final : public rocksdb::FSSequentialFile {
 public:
  rocksdb::IOStatus Read(size_t, const rocksdb::IOOptions&, rocksdb::Slice* result, char* scratch,
                         rocksdb::IODebugContext*) override {
    *result = rocksdb::Slice(scratch, 0);
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus Skip(uint64_t) override { return rocksdb::IOStatus::OK(); }
};

// What RocksDB 7.8 does with files that it takes in, put right:
// - It reopens them only to sync them, and its enciphering layer then appends a second prefix.
//   Saying that reopening is not supported makes it skip the step; SstFileWriter has synced before.
// - SAFETY: when the last block can't be read it takes the first key for the last one as well, and
//   rows are out of order in silence. A file of which a read failed is not taken in.
//
// And a file that ends within its prefix, as its disk was full, holds nothing: RocksDB's layer
// would abort at the sight of it.
class Careful final : public rocksdb::FileSystemWrapper {
 public:
  Careful(const std::shared_ptr<rocksdb::FileSystem>& enciphering,
          std::shared_ptr<rocksdb::FileSystem> below)
      : FileSystemWrapper(enciphering), below_(std::move(below)) {}
  const char* Name() const override { return "continuum-enciphered"; }
  rocksdb::IOStatus ReopenWritableFile(const std::string&, const rocksdb::FileOptions&,
                                       std::unique_ptr<rocksdb::FSWritableFile>*,
                                       rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::NotSupported("files are written once");
  }
  rocksdb::IOStatus NewRandomAccessFile(const std::string& name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                        rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus opened = target()->NewRandomAccessFile(name, options, result, debug);
    if (opened.ok()) {
      *result = std::make_unique<NotingFile>(std::move(*result), name, unreadable_);
    }
    return opened;
  }
  rocksdb::IOStatus LinkFile(const std::string& from, const std::string& to,
                             const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus sound = unreadable_->check(from);
    return sound.ok() ? target()->LinkFile(from, to, options, debug) : sound;
  }
  // Copies, where links are not to be had.
  rocksdb::IOStatus NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                      rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus sound = unreadable_->check(name);
    if (!sound.ok()) {
      return sound;
    }
    uint64_t size = 0;
    rocksdb::IOStatus sized = below_->GetFileSize(name, options.io_options, &size, debug);
    if (sized.ok() && size < kFilePrefixSize) {
      *result = std::make_unique<EmptyFile>();
      return sized;
    }
    rocksdb::IOStatus opened = target()->NewSequentialFile(name, options, result, debug);
    // At any other failure to read the store's id RocksDB aborts.
    return opened.IsCorruption() && name.ends_with("/IDENTITY")
               ? rocksdb::IOStatus::IOError(opened.ToString())
               : opened;
  }
  rocksdb::IOStatus GetFileSize(const std::string& name, const rocksdb::IOOptions& options,
                                uint64_t* size, rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus sized = below_->GetFileSize(name, options, size, debug);
    if (sized.ok()) {
      *size -= std::min<uint64_t>(*size, kFilePrefixSize);
    }
    return sized;
  }

 private:
  std::shared_ptr<rocksdb::FileSystem> below_;
  std::shared_ptr<Unreadable> unreadable_ = std::make_shared<Unreadable>();
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> enciphered(const std::shared_ptr<rocksdb::FileSystem>& below,
                                                const crypto::Key& file_key) {
  return std::make_shared<Careful>(std::shared_ptr<rocksdb::FileSystem>(rocksdb::NewEncryptedFS(
                                       below, std::make_shared<FileCipherProvider>(file_key))),
                                   below);
}

}  // namespace continuum::rocks
