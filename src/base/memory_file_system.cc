#include <algorithm>

#include "base/file_system.h"

namespace continuum {
namespace {

tl::unexpected<Error> no_power() {
  return fail(ErrorCode::kUnavailable, "the power is cut");
}
tl::unexpected<Error> no_file(const std::string& path) {
  return fail(ErrorCode::kNotFound, "no such file: " + path);
}

bool is_inside(const std::string& path, const std::string& folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

// Gives all that lies in a folder its new place.
template <typename Names>
void move_names(Names& names, const std::string& from, const std::string& to) {
  Names moved;
  for (auto at = names.begin(); at != names.end();) {
    if (is_inside(at->first, from)) {
      moved[to + at->first.substr(from.size())] = at->second;
      at = names.erase(at);
    } else {
      ++at;
    }
  }
  names.merge(moved);
}

void move_directories(std::set<std::string>& names, const std::string& from,
                      const std::string& to) {
  std::set<std::string> moved{to};
  for (auto at = names.begin(); at != names.end();) {
    if (*at == from || is_inside(*at, from)) {
      moved.insert(to + at->substr(from.size()));
      at = names.erase(at);
    } else {
      ++at;
    }
  }
  names.merge(moved);
}

}  // namespace

class MemoryWritableFile final : public WritableFile {
 public:
  MemoryWritableFile(MemoryFileSystem& files, std::shared_ptr<MemoryFileSystem::File> file)
      : files_(files), file_(std::move(file)) {}
  Status append(std::string_view bytes) override { return files_.append(file_, bytes); }
  Status sync() override { return files_.sync(file_); }
  Status truncate(uint64_t size) override { return files_.truncate(file_, size); }
  uint64_t size() const override {
    std::lock_guard lock(files_.mutex_);
    return file_->live.size();
  }

 private:
  MemoryFileSystem& files_;
  std::shared_ptr<MemoryFileSystem::File> file_;
};

class MemoryReadableFile final : public ReadableFile {
 public:
  MemoryReadableFile(MemoryFileSystem& files, std::shared_ptr<MemoryFileSystem::File> file)
      : files_(files), file_(std::move(file)) {}
  Result<std::string> read(uint64_t offset, size_t size) const override {
    std::lock_guard lock(files_.mutex_);
    if (!files_.power_) {
      return no_power();
    }
    if (offset >= file_->live.size()) {
      return std::string();
    }
    return file_->live.substr(offset, size);
  }
  Result<uint64_t> size() const override {
    std::lock_guard lock(files_.mutex_);
    return file_->live.size();
  }

 private:
  MemoryFileSystem& files_;
  std::shared_ptr<MemoryFileSystem::File> file_;
};

bool MemoryFileSystem::spend_operation() {
  if (!power_) {
    return false;
  }
  if (armed_ && operations_left_ == 0) {
    power_ = false;
    return false;
  }
  if (armed_) {
    --operations_left_;
  }
  ++operations_;
  return true;
}

Status MemoryFileSystem::append(const std::shared_ptr<File>& file, std::string_view bytes) {
  std::lock_guard lock(mutex_);
  bool was_on = power_;
  if (!spend_operation()) {
    if (was_on) {
      file->live.append(bytes.substr(0, bytes.size() / 2));
    }
    return no_power();
  }
  file->live.append(bytes);
  return {};
}

Status MemoryFileSystem::sync(const std::shared_ptr<File>& file) {
  std::lock_guard lock(mutex_);
  if (!spend_operation()) {
    return no_power();
  }
  // Files only grow here (truncation is rare), so copy just the new tail.
  size_t common = std::min(file->synced.size(), file->live.size());
  file->synced.resize(common);
  file->synced.append(file->live, common);
  ++file_syncs_;
  return {};
}

Status MemoryFileSystem::truncate(const std::shared_ptr<File>& file, uint64_t size) {
  std::lock_guard lock(mutex_);
  if (!spend_operation()) {
    return no_power();
  }
  file->live.resize(size);
  if (file->synced.size() > size) {
    file->synced.resize(size);
  }
  return {};
}

Result<std::unique_ptr<WritableFile>> MemoryFileSystem::open_writable(const std::string& path,
                                                                      OpenMode mode) {
  std::lock_guard lock(mutex_);
  if (!power_) {
    return no_power();
  }
  auto found = live_.find(path);
  if (found != live_.end() && mode == OpenMode::kAppend) {
    return std::make_unique<MemoryWritableFile>(*this, found->second);
  }
  if (!directories_.contains(parent_directory(path))) {
    return no_file(path);
  }
  auto file = std::make_shared<File>();
  live_[path] = file;
  return std::make_unique<MemoryWritableFile>(*this, file);
}

Result<std::unique_ptr<ReadableFile>> MemoryFileSystem::open_readable(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (!power_) {
    return no_power();
  }
  auto found = live_.find(path);
  if (found == live_.end()) {
    return no_file(path);
  }
  return std::make_unique<MemoryReadableFile>(*this, found->second);
}

bool MemoryFileSystem::exists(const std::string& path) {
  std::lock_guard lock(mutex_);
  return live_.contains(path) || directories_.contains(path);
}

bool MemoryFileSystem::is_directory(const std::string& path) {
  std::lock_guard lock(mutex_);
  return directories_.contains(path);
}

Result<std::vector<std::string>> MemoryFileSystem::list(const std::string& directory) {
  std::lock_guard lock(mutex_);
  if (!power_) {
    return no_power();
  }
  std::set<std::string> names;
  auto add = [&](const std::string& path) {
    if (path != directory && parent_directory(path) == directory) {
      names.insert(path.substr(path.rfind('/') + 1));
    }
  };
  for (const auto& [path, file] : live_) {
    add(path);
  }
  std::for_each(directories_.begin(), directories_.end(), add);
  return std::vector<std::string>(names.begin(), names.end());
}

Status MemoryFileSystem::make_directories(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (!power_) {
    return no_power();
  }
  for (std::string at = path; !directories_.contains(at); at = parent_directory(at)) {
    directories_.insert(at);
  }
  return {};
}

Status MemoryFileSystem::remove(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (!spend_operation()) {
    return no_power();
  }
  if (live_.erase(path) == 0 && directories_.erase(path) == 0) {
    return no_file(path);
  }
  return {};
}

Status MemoryFileSystem::rename(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  if (!spend_operation()) {
    return no_power();
  }
  if (directories_.contains(from)) {
    return rename_directory(from, to);
  }
  auto found = live_.find(from);
  if (found == live_.end()) {
    return no_file(from);
  }
  live_[to] = found->second;
  live_.erase(from);
  return {};
}

Status MemoryFileSystem::rename_directory(const std::string& from, const std::string& to) {
  auto lies_in = [&to](const std::string& path) { return is_inside(path, to); };
  if (live_.contains(to) || std::any_of(directories_.begin(), directories_.end(), lies_in) ||
      std::any_of(live_.begin(), live_.end(),
                  [&](const auto& entry) { return lies_in(entry.first); })) {
    return fail(ErrorCode::kUnavailable, "the folder is not empty: " + to);
  }
  move_names(live_, from, to);
  move_directories(directories_, from, to);
  moves_.push_back({from, to});
  return {};
}

Status MemoryFileSystem::link(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  if (!spend_operation()) {
    return no_power();
  }
  auto found = live_.find(from);
  if (found == live_.end() || !directories_.contains(parent_directory(to))) {
    return no_file(from);
  }
  if (live_.contains(to) || directories_.contains(to)) {
    return fail(ErrorCode::kConflict, "there is a file of that name: " + to);
  }
  live_[to] = found->second;
  return {};
}

Status MemoryFileSystem::sync_directory(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (!spend_operation()) {
    return no_power();
  }
  std::erase_if(moves_, [&](const Move& move) {
    bool is_durable = parent_directory(move.to) == path;
    if (is_durable) {
      move_names(durable_, move.from, move.to);
    }
    return is_durable;
  });
  std::erase_if(durable_, [&](const auto& entry) { return parent_directory(entry.first) == path; });
  for (const auto& [name, file] : live_) {
    if (parent_directory(name) == path) {
      durable_[name] = file;
    }
  }
  return {};
}

void MemoryFileSystem::cut_after(uint64_t operations) {
  std::lock_guard lock(mutex_);
  armed_ = true;
  operations_left_ = operations;
}

void MemoryFileSystem::cut_power() {
  std::lock_guard lock(mutex_);
  power_ = false;
}

void MemoryFileSystem::restore_power() {
  std::lock_guard lock(mutex_);
  power_ = true;
  armed_ = false;
  live_.clear();
  for (; !moves_.empty(); moves_.pop_back()) {
    move_directories(directories_, moves_.back().to, moves_.back().from);
  }
  // New objects, so that a handle kept from before the cut can't write into what survived.
  for (auto& [path, file] : durable_) {
    auto fresh = std::make_shared<File>();
    fresh->live = file->synced;
    fresh->synced = file->synced;
    file = fresh;
    live_[path] = fresh;
  }
}

bool MemoryFileSystem::power_is_cut() {
  std::lock_guard lock(mutex_);
  return !power_;
}

uint64_t MemoryFileSystem::operations() {
  std::lock_guard lock(mutex_);
  return operations_;
}

uint64_t MemoryFileSystem::file_syncs() {
  std::lock_guard lock(mutex_);
  return file_syncs_;
}

}  // namespace continuum
