// What is in a loaded store, found through the record API: whom and what to ask for.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "bench/drive.h"
#include "record/store.h"

namespace continuum::bench {

// A stored resource, opened.
struct Sample {
  record::ItemKey key;
  record::SourceNumber source = 0;
  std::string body;  // canonical
};

struct Facts {
  uint64_t items = 0;
  uint64_t body_bytes = 0;      // canonical, all items
  std::vector<Target> reads;    // random items of all types and source patients, which staff see
  std::vector<Target> records;  // the whole record of each person whom staff see
  uint64_t items_unseen = 0;    // by any clinician: not asked for
  uint64_t people_unseen = 0;
  std::vector<Sample> samples;  // random
  double index_keys = 0;        // a resource, mean of the samples
  double index_key_bytes = 0;   // a key, mean of the samples
};

class Place;

// Who may see what is found as the server finds it.
Result<Facts> gather_facts(const Place& place);

// Opens, or makes, a store in this process.
Result<std::unique_ptr<record::Store>> open_store(const std::string& data_folder,
                                                  const std::string& key_file,
                                                  uint64_t cache_mb = 256);

}  // namespace continuum::bench
