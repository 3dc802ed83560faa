// The options that every verb which opens a store has in common.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "base/result.h"
#include "crypto/digest.h"
#include "record/store.h"

namespace continuum::commands {

inline constexpr const char* kRegionKeyVariable = "CONTINUUM_REGION_KEY";

struct StoreArguments {
  std::string data;             // folder
  std::string keys;             // folder; empty: beside the data
  std::string region_key_file;  // empty: the environment has the key
  uint64_t cache_mb = 0;        // memory for the store's block cache; 0: as configured, or 256
};

enum class Need : uint8_t { kRequired, kOptional };
// --data, --keys, --region-key. `arguments` must live until the command line was parsed.
void add_store_arguments(CLI::App& app, StoreArguments& arguments, Need need = Need::kRequired);

// Reads the region key. kInvalid: there is none, or it is no key. kForbidden: key file or key store
// lie inside the data folder, where a copy of the data would take them along.
Result<record::StoreOptions> to_store_options(const StoreArguments& arguments);

// The region key in a file. Errors as of to_store_options, and those of reading it.
Result<crypto::Key> read_region_key(const std::string& path, const std::string& data_folder);

// Whether a process has the store in that folder open.
bool is_in_use(const std::string& data_folder);

// "data/" -> "data".
std::string without_trailing_slash(std::string path);
// kForbidden, naming `what`, when others than its owner can read the file.
Status refuse_readable_by_others(const std::string& path, std::string_view what);
// kForbidden, naming `what` and the folder, when `path` is `folder` or lies inside it, links
// followed.
Status refuse_inside(const std::string& path, const std::string& folder, std::string_view what,
                     std::string_view folder_is = "the data folder");

}  // namespace continuum::commands
