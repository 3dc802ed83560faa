// Trains a zstd dictionary on single resources as they are stored: compact JSON that starts with
// resourceType, id and meta, ids of 28 base32 characters, references rewritten to Type/id.
#define ZDICT_STATIC_LINKING_ONLY
#include <zdict.h>
#include <zstd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/file_system.h"
#include "base/random.h"
#include "json/document.h"
#include "json/writer.h"
#include "synth/region.h"

namespace continuum {
namespace {

constexpr uint32_t kTrainingPeople = 1500;
constexpr uint64_t kTrainingSeed = 20260101;
constexpr uint32_t kHeldOutPeople = 200;
constexpr uint64_t kHeldOutSeed = 7;
// One resource in so many: the trainer gains nothing from more than some hundred dictionaries.
constexpr uint64_t kTrainOneIn = 5;
constexpr size_t kDictionaryBytes = size_t{64} << 10;
constexpr unsigned kDictionaryNumber = 1;
constexpr int kLevel = 3;
constexpr size_t kIdCharacters = 28;

// Resources end to end, and where each ends: the shape the trainer wants.
struct Samples {
  std::string bytes;
  std::vector<size_t> sizes;

  void add(std::string_view resource) {
    bytes += resource;
    sizes.push_back(resource.size());
  }
};

// Turns the resources of Bundles into their stored form. Ids are random, but the same for the same
// fullUrl or reference.
class Rewriter {
 public:
  explicit Rewriter(uint64_t seed) : random_(seed) {}

  // Calls each(stored text) for every resource of a Bundle.
  template <typename Each>
  void rewrite(json::Document& bundle, Each each) {
    json::Node* entries = bundle.root()->find("entry");
    if (entries == nullptr) {
      return;
    }
    for (json::Node& entry : json::children(*entries)) {
      json::Node* resource = entry.find("resource");
      if (resource != nullptr) {
        std::string type(resource->string("resourceType"));
        types_[std::string(entry.string("fullUrl"))] = type;
      }
    }
    for (json::Node& entry : json::children(*entries)) {
      json::Node* resource = entry.find("resource");
      if (resource != nullptr) {
        std::string id = id_of(std::string(entry.string("fullUrl")));
        put_id_first(bundle, *resource, id);
        rewrite_references(bundle, *resource);
        text_.clear();
        json::write(*resource, text_);
        each(text_);
      }
    }
  }

 private:
  std::string id_of(const std::string& known_as) {
    std::string& id = ids_[known_as];
    if (id.empty()) {
      for (size_t i = 0; i < kIdCharacters; ++i) {
        id.push_back("abcdefghijklmnopqrstuvwxyz234567"[random_.below(32)]);
      }
    }
    return id;
  }

  static void put_id_first(json::Document& document, json::Node& resource, const std::string& id) {
    json::Node* type = resource.find("resourceType");
    json::Node* meta = resource.find("meta");
    json::Node* old = resource.find("id");
    if (old != nullptr) {
      json::Document::remove(resource, *old);
    }
    if (meta != nullptr) {
      json::Document::remove(resource, *meta);
      json::Document::prepend(resource, *meta);
    }
    json::Document::prepend(resource, *document.make_string("id", id));
    if (type != nullptr) {
      json::Document::remove(resource, *type);
      json::Document::prepend(resource, *type);
    }
  }

  void rewrite_references(json::Document& document, json::Node& node) {
    for (json::Node& child : json::children(node)) {
      if (child.is_string() && child.key == "reference") {
        document.set_text(child, regional(std::string(child.text)));
      } else {
        rewrite_references(document, child);
      }
    }
  }

  std::string regional(const std::string& reference) {
    auto type = types_.find(reference);
    if (type != types_.end()) {
      return type->second + "/" + id_of(reference);
    }
    size_t end = reference.find_first_of("?/");
    bool known = end != std::string::npos && !reference.starts_with("#");
    return known ? reference.substr(0, end) + "/" + id_of(reference) : reference;
  }

  SeededRandom random_;
  std::unordered_map<std::string, std::string> types_;  // by fullUrl
  std::unordered_map<std::string, std::string> ids_;    // by fullUrl or reference
  std::string text_;
};

Result<Samples> synthetic_samples(uint32_t people, uint64_t seed, uint64_t one_in) {
  TRY(auto generator, synth::Generator::create({.people = people, .seed = seed}));
  Samples samples;
  SeededRandom random(seed);
  Rewriter rewriter(seed);
  json::Document document;
  synth::PersonBundles person;
  for (uint32_t index = 0; index < people; ++index) {
    generator.write_person(index, person);
    for (const synth::SourcePatient& patient : person.patients) {
      TRY(document.parse(patient.bundle));
      rewriter.rewrite(document, [&](std::string_view resource) {
        if (random.below(one_in) == 0) {
          samples.add(resource);
        }
      });
    }
  }
  return samples;
}

// A file with one Bundle, or with one on each line.
Result<Samples> file_samples(const std::string& path) {
  TRY(auto text, read_file(posix_files(), path, json::kBytesMax));
  Samples samples;
  Rewriter rewriter(1);
  json::Document document;
  bool lines = path.ends_with(".ndjson");
  for (size_t from = 0; from < text.size();) {
    size_t end = lines ? std::min(text.find('\n', from), text.size()) : text.size();
    TRY(document.parse(std::string_view(text).substr(from, end - from)));
    rewriter.rewrite(document, [&](std::string_view resource) { samples.add(resource); });
    from = end + 1;
  }
  return samples;
}

Result<std::string> train(const Samples& samples) {
  std::string dictionary(kDictionaryBytes, '\0');
  ZDICT_fastCover_params_t params{};
  params.d = 8;
  params.steps = 16;
  params.nbThreads = 1;
  params.accel = 1;
  params.zParams.compressionLevel = kLevel;
  params.zParams.dictID = kDictionaryNumber;
  size_t size = ZDICT_optimizeTrainFromBuffer_fastCover(
      dictionary.data(), dictionary.size(), samples.bytes.data(), samples.sizes.data(),
      static_cast<unsigned>(samples.sizes.size()), &params);
  if (ZDICT_isError(size) != 0) {
    return fail(ErrorCode::kInternal, ZDICT_getErrorName(size));
  }
  std::fprintf(stderr, "chosen: k=%u d=%u f=%u\n", params.k, params.d, params.f);
  dictionary.resize(size);
  return dictionary;
}

struct FreeZstd {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  void operator()(ZSTD_CDict* dictionary) const { ZSTD_freeCDict(dictionary); }
  void operator()(ZSTD_DDict* dictionary) const { ZSTD_freeDDict(dictionary); }
};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Compresses each resource alone, opens it again, and prints what that took.
void measure(const char* what, const Samples& samples, std::string_view dictionary, int level) {
  std::unique_ptr<ZSTD_CCtx, FreeZstd> compressor(ZSTD_createCCtx());
  std::unique_ptr<ZSTD_DCtx, FreeZstd> opener(ZSTD_createDCtx());
  std::unique_ptr<ZSTD_CDict, FreeZstd> packing;
  std::unique_ptr<ZSTD_DDict, FreeZstd> unpacking;
  ZSTD_CCtx_setParameter(compressor.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(compressor.get(), ZSTD_c_dictIDFlag, 0);
  if (!dictionary.empty()) {
    packing.reset(ZSTD_createCDict(dictionary.data(), dictionary.size(), level));
    unpacking.reset(ZSTD_createDDict(dictionary.data(), dictionary.size()));
    ZSTD_CCtx_refCDict(compressor.get(), packing.get());
    ZSTD_DCtx_refDDict(opener.get(), unpacking.get());
  }
  std::string packed;
  std::vector<size_t> ends;
  std::string buffer(ZSTD_compressBound(size_t{1} << 24), '\0');
  auto start = std::chrono::steady_clock::now();
  size_t at = 0;
  for (size_t size : samples.sizes) {
    size_t got = ZSTD_compress2(compressor.get(), buffer.data(), buffer.size(),
                                samples.bytes.data() + at, size);
    packed.append(buffer.data(), got);
    ends.push_back(packed.size());
    at += size;
  }
  double packing_seconds = seconds_since(start);
  start = std::chrono::steady_clock::now();
  size_t from = 0;
  for (size_t end : ends) {
    ZSTD_decompressDCtx(opener.get(), buffer.data(), buffer.size(), packed.data() + from,
                        end - from);
    from = end;
  }
  double opening_seconds = seconds_since(start);
  double count = static_cast<double>(samples.sizes.size());
  std::printf(
      "%-24s %-10s level %d: %6.1f -> %6.1f bytes, ratio %5.2f, %5.2f us in, %5.2f us out\n", what,
      dictionary.empty() ? "plain" : "dictionary", level,
      static_cast<double>(samples.bytes.size()) / count, static_cast<double>(packed.size()) / count,
      static_cast<double>(samples.bytes.size()) / static_cast<double>(packed.size()),
      packing_seconds * 1e6 / count, opening_seconds * 1e6 / count);
}

void measure_all(const char* what, const Samples& samples, std::string_view dictionary) {
  for (int level : {1, 3}) {
    measure(what, samples, {}, level);
    measure(what, samples, dictionary, level);
  }
}

Status run(int argc, char** argv) {
  TRY(auto training, synthetic_samples(kTrainingPeople, kTrainingSeed, kTrainOneIn));
  std::fprintf(stderr, "training on %zu resources, %zu bytes\n", training.sizes.size(),
               training.bytes.size());
  TRY(auto dictionary, train(training));
  TRY(replace_file(posix_files(), argv[1], dictionary));
  TRY(auto held_out, synthetic_samples(kHeldOutPeople, kHeldOutSeed, 1));
  measure_all("people not trained on", held_out, dictionary);
  for (int i = 2; i < argc; ++i) {
    TRY(auto other, file_samples(argv[i]));
    std::string path = argv[i];
    measure_all(path.substr(path.rfind('/') + 1).c_str(), other, dictionary);
  }
  return {};
}

}  // namespace
}  // namespace continuum

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: train_dictionary OUT [BUNDLE.json|.ndjson ...]\n", stderr);
    return 2;
  }
  continuum::Status status = continuum::run(argc, argv);
  if (!status) {
    std::fprintf(stderr, "train_dictionary: %s\n", status.error().text().c_str());
    return 1;
  }
  return 0;
}
