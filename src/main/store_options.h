// The command-line options of every subcommand that opens a store.
#pragma once

#include <string>

#include "base/result.h"
#include "record/store.h"

namespace CLI {
class App;
}

namespace continuum {

struct StoreArguments {
  std::string data;
  std::string keys;             // empty: data + ".keys"
  std::string region_key_file;  // empty: the environment
  uint64_t cache_mb = 256;
};

void add_store_arguments(CLI::App& command, StoreArguments& arguments);

// Reads the region key from --region-key FILE or CONTINUUM_REGION_KEY. kInvalid: neither or both,
// not 64 hexadecimal digits, or keys kept inside the data folder.
Result<record::StoreOptions> to_store_options(const StoreArguments& arguments);

// Ends the program with 2: usage or environment. Prints the error and how to mend it.
inline constexpr int kExitUsage = 2;
int report_error(const Error& error);

}  // namespace continuum
