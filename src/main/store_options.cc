#include "main/store_options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "record/key_store.h"

namespace continuum {
namespace {

constexpr uint64_t kRegionKeyFileMax = 4096;

bool is_inside(const std::string& path, const std::string& folder) {
  std::error_code error;
  auto inner = std::filesystem::weakly_canonical(path, error);
  auto outer = std::filesystem::weakly_canonical(folder, error);
  auto [outer_end, unused] = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  return outer_end == outer.end();
}

Result<std::string> region_key_text(const StoreArguments& arguments) {
  const char* environment = std::getenv("CONTINUUM_REGION_KEY");
  bool has_environment = environment != nullptr && *environment != '\0';
  if (!arguments.region_key_file.empty()) {
    if (is_inside(arguments.region_key_file, arguments.data)) {
      return fail(ErrorCode::kInvalid, "the region key must not be kept inside the data folder");
    }
    return read_file(posix_files(), arguments.region_key_file, kRegionKeyFileMax);
  }
  if (has_environment) {
    return std::string(environment);
  }
  return fail(ErrorCode::kInvalid,
              "no region key: give --region-key FILE or set CONTINUUM_REGION_KEY (64 hexadecimal "
              "digits; make one with: openssl rand -hex 32)");
}

}  // namespace

void add_store_arguments(CLI::App& command, StoreArguments& arguments) {
  command.add_option("--data", arguments.data, "Data folder; made when absent")
      ->required()
      ->type_name("DIR");
  command
      .add_option("--keys", arguments.keys,
                  "Key store folder, outside the data folder [DATA.keys beside it]")
      ->type_name("DIR");
  command
      .add_option("--region-key", arguments.region_key_file,
                  "File with the region key (64 hexadecimal digits); else CONTINUUM_REGION_KEY")
      ->type_name("FILE");
  command.add_option("--cache-mb", arguments.cache_mb, "Memory for the store's block cache")
      ->capture_default_str()
      ->check(CLI::Range(uint64_t{8}, uint64_t{1} << 20))
      ->type_name("MB");
}

Result<record::StoreOptions> to_store_options(const StoreArguments& arguments) {
  record::StoreOptions options;
  options.data_folder = arguments.data;
  while (options.data_folder.size() > 1 && options.data_folder.ends_with('/')) {
    options.data_folder.pop_back();
  }
  options.keys_folder = arguments.keys.empty() ? options.data_folder + ".keys" : arguments.keys;
  if (is_inside(options.keys_folder, options.data_folder)) {
    return fail(ErrorCode::kInvalid, "the key store must not lie inside the data folder");
  }
  TRY(std::string text, region_key_text(arguments));
  TRY(options.region_key, record::parse_region_key(text));
  options.cache_bytes = arguments.cache_mb << 20;
  return options;
}

int report_error(const Error& error) {
  std::fprintf(stderr, "continuum: %s\n", error.message.c_str());
  for (const ErrorDetail& detail : error.details) {
    std::fprintf(stderr, "  %s%s%s\n", detail.where.c_str(), detail.where.empty() ? "" : ": ",
                 detail.what.c_str());
  }
  return kExitUsage;
}

}  // namespace continuum
