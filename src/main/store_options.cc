#include "main/store_options.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>

#include "record/key_store.h"

namespace continuum::commands {
namespace {

constexpr uint64_t kKeyFileBytesMax = 1'024;

Result<crypto::Key> region_key_of(const StoreArguments& arguments) {
  if (!arguments.region_key_file.empty()) {
    return read_region_key(arguments.region_key_file, arguments.data);
  }
  const char* variable = std::getenv(kRegionKeyVariable);
  if (variable == nullptr || *variable == '\0') {
    return fail(ErrorCode::kInvalid,
                fmt::format("no region key: give --region-key FILE or set {} (64 hexadecimal "
                            "digits; openssl rand -hex 32 makes one)",
                            kRegionKeyVariable));
  }
  return record::parse_region_key(variable);
}

}  // namespace

void add_store_arguments(CLI::App& app, StoreArguments& arguments, Need need) {
  app.add_option("--data", arguments.data, "Folder of the store")
      ->required(need == Need::kRequired);
  app.add_option("--keys", arguments.keys, "Folder of the key store; default: DATA.keys");
  app.add_option("--region-key", arguments.region_key_file,
                 fmt::format("File with the region key, 64 hexadecimal digits; default: ${}",
                             kRegionKeyVariable));
  app.add_option("--cache-mb", arguments.cache_mb,
                 "Memory for the store's block cache; default: region.toml's cache_mb, or 256")
      ->check(CLI::Range(uint64_t{8}, uint64_t{1} << 20));
}

Result<crypto::Key> read_region_key(const std::string& path, const std::string& data_folder) {
  TRY(refuse_inside(path, data_folder, "the region key file"));
  TRY(refuse_readable_by_others(path, "the region key file"));
  TRY(std::string text, read_file(posix_files(), path, kKeyFileBytesMax));
  return record::parse_region_key(text);
}

// Its engine holds a lock on this file.
bool is_in_use(const std::string& data_folder) {
  int file = ::open((data_folder + "/LOCK").c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) {
    return false;
  }
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  bool locked = fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  ::close(file);
  return locked;
}

std::string without_trailing_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) {
    path.pop_back();
  }
  return path;
}

Status refuse_readable_by_others(const std::string& path, std::string_view what) {
  std::error_code error;
  auto rights = std::filesystem::status(path, error).permissions();
  using std::filesystem::perms;
  if (!error && (rights & (perms::group_all | perms::others_all)) != perms::none) {
    return fail(ErrorCode::kForbidden, fmt::format("{} can be read by others", what),
                {{path, "chmod 600 it"}});
  }
  return {};
}

Status refuse_inside(const std::string& path, const std::string& folder, std::string_view what,
                     std::string_view folder_is) {
  std::error_code error;
  auto inner = std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
  auto outer = std::filesystem::weakly_canonical(
      std::filesystem::absolute(without_trailing_slash(folder), error), error);
  if (error) {
    return fail(ErrorCode::kInvalid, "a path cannot be followed", {{path, error.message()}});
  }
  auto [outer_end, unused] = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  if (outer_end == outer.end()) {
    return fail(ErrorCode::kForbidden,
                fmt::format("{} must not lie inside {}: whoever copies that would have it too",
                            what, folder_is),
                {{path, "inside " + folder}});
  }
  return {};
}

Result<record::StoreOptions> to_store_options(const StoreArguments& arguments) {
  record::StoreOptions options;
  options.data_folder = without_trailing_slash(arguments.data);
  if (options.data_folder.empty()) {
    return fail(ErrorCode::kInvalid, "--data names no folder");
  }
  options.keys_folder = arguments.keys.empty() ? options.data_folder + ".keys"
                                               : without_trailing_slash(arguments.keys);
  TRY(refuse_inside(options.keys_folder, options.data_folder, "the key store"));
  TRY(options.region_key, region_key_of(arguments));
  if (arguments.cache_mb > 0) {
    options.cache_bytes = arguments.cache_mb << 20;
  }
  return options;
}

}  // namespace continuum::commands
