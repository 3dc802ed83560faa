#include "record/body.h"

#include <zstd.h>

#include <memory>

#include "base/check.h"
#include "crypto/aead.h"
#include "record/dictionaries/dictionaries.h"
#include "record/limits.h"

namespace continuum::record {
namespace {

constexpr int kLevel = 1;  // PERF: level 3 costs twice the time for 4 % less; see bench `load`
constexpr uint8_t kNoDictionary = 0;

std::string context_of(const ItemKey& item) {
  std::string context(1, static_cast<char>(kRowFormat));
  put_item_key(context, item);
  return context;
}

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

ZSTD_CCtx* compressor() {
  static const ZSTD_CDict* dictionary = [] {
    std::string_view bytes = dictionary_bytes(kCurrentDictionary);
    return ZSTD_createCDict(bytes.data(), bytes.size(), kLevel);
  }();
  thread_local std::unique_ptr<ZSTD_CCtx, Free> context = [] {
    std::unique_ptr<ZSTD_CCtx, Free> made(ZSTD_createCCtx());
    ZSTD_CCtx_setParameter(made.get(), ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(made.get(), ZSTD_c_contentSizeFlag, 0);
    ZSTD_CCtx_setParameter(made.get(), ZSTD_c_dictIDFlag, 0);
    ZSTD_CCtx_refCDict(made.get(), dictionary);
    return made;
  }();
  return context.get();
}

ZSTD_DCtx* decompressor() {
  thread_local std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  return context.get();
}

// Null for kNoDictionary.
const ZSTD_DDict* dictionary(uint8_t number) {
  static const ZSTD_DDict* first = [] {
    std::string_view bytes = dictionary_bytes(1);
    return ZSTD_createDDict(bytes.data(), bytes.size());
  }();
  return number == kNoDictionary ? nullptr : first;
}

}  // namespace

void seal_body(const crypto::Key& data_key, const ItemKey& item, std::string_view body,
               std::string& out) {
  thread_local std::string frame;
  frame.resize(ZSTD_compressBound(body.size()));
  size_t size = ZSTD_compress2(compressor(), frame.data(), frame.size(), body.data(), body.size());
  CHECK(!ZSTD_isError(size));
  crypto::thread_aead().seal(data_key, context_of(item), std::string_view(frame).substr(0, size),
                             out);
}

Status open_body(const crypto::Key& data_key, const ItemKey& item, const Row& row,
                 std::string& body) {
  thread_local std::string frame;
  frame.clear();
  TRY(crypto::thread_aead().open(data_key, context_of(item), row.sealed, frame));
  if (row.header.body_size > kBodyBytesMax || row.header.dictionary > kCurrentDictionary) {
    return fail(ErrorCode::kCorrupt, "a row's header has an impossible size or dictionary");
  }
  body.resize(row.header.body_size);
  size_t size = ZSTD_decompress_usingDDict(decompressor(), body.data(), body.size(), frame.data(),
                                           frame.size(), dictionary(row.header.dictionary));
  if (ZSTD_isError(size) || size != body.size()) {
    return fail(ErrorCode::kCorrupt, "a body does not decompress to the size it was stored with");
  }
  return {};
}

}  // namespace continuum::record
