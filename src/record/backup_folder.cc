#include "record/backup_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/bytes.h"
#include "record/limits.h"

namespace continuum::record {
namespace {

constexpr std::string_view kMarkerName = "continuum-backup";
constexpr std::string_view kMarkerWord = "continuum backup folder ";
constexpr std::string_view kMarker = "continuum backup folder 1\n";
constexpr uint64_t kMarkerBytesMax = 64;
constexpr std::string_view kUnfinished = ".new";  // as replace_file() leaves it
constexpr std::string_view kShared = ".sst";      // never changed once written
constexpr int64_t kMicrosPerSecond = 1'000'000;

uint64_t number_of(std::string_view name) {
  uint64_t number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number;
}

tl::unexpected<Error> damaged(const BackupFile& file, const std::string& path, std::string what) {
  return fail(ErrorCode::kCorrupt, "the backup is damaged: " + file.name + " " + std::move(what),
              {{path, "use another moment or another copy of the backup"}});
}

// Reads a file piece by piece; its size and digest.
struct Read {
  uint64_t size = 0;
  crypto::Digest digest{};
  FileStart start{};
};
using Piece = std::function<Status(std::string_view bytes)>;

Result<Read> read_pieces(FileSystem& files, const std::string& path, const Piece& each) {
  TRY(auto file, files.open_readable(path));
  TRY(uint64_t size, file->size());
  Read read;
  crypto::Sha256 hash;
  while (read.size < size) {
    TRY(std::string bytes, file->read(read.size, kBackupCopyBytes));
    if (bytes.empty()) {
      break;
    }
    if (read.size == 0) {
      read.start = file_start(bytes);
    }
    hash.update(bytes);
    TRY(each(bytes));
    read.size += bytes.size();
  }
  read.digest = hash.digest();
  return read;
}

Result<Read> copy_file(FileSystem& files, const std::string& from, const std::string& to,
                       const Piece& each) {
  TRY(auto target, files.open_writable(to, OpenMode::kTruncate));
  TRY(Read read, read_pieces(files, from, [&](std::string_view bytes) -> Status {
        TRY(target->append(bytes));
        return each(bytes);
      }));
  TRY(target->sync());
  return read;
}

Status expect_same(const BackupFile& file, const std::string& path, const Result<Read>& read) {
  if (!read && read.error().code == ErrorCode::kNotFound) {
    return damaged(file, path, "is missing");
  }
  if (!read) {
    return fail(read.error());
  }
  if (read->size != file.size) {
    return damaged(file, path, fmt::format("has {} bytes of {}", read->size, file.size));
  }
  if (read->digest != file.digest) {
    return damaged(file, path, "is not what was written");
  }
  return {};
}

Result<uint64_t> size_of(FileSystem& files, const std::string& path) {
  TRY(auto file, files.open_readable(path));
  return file->size();
}

}  // namespace

std::string BackupFolder::place_of(const crypto::Digest& digest) const {
  return pool() + "/" + to_hex(crypto::view(digest));
}

Result<BackupFolder> BackupFolder::open(FileSystem& files, const std::string& path) {
  auto marker = read_file(files, path + "/" + std::string(kMarkerName), kMarkerBytesMax);
  if (!marker && marker.error().code == ErrorCode::kNotFound) {
    bool is_there = files.is_directory(path);
    return fail(is_there ? ErrorCode::kInvalid : ErrorCode::kNotFound,
                is_there ? "that folder holds no backups" : "there is no backup folder",
                {{path, "continuum backup make FOLDER makes one"}});
  }
  if (!marker) {
    return fail(marker.error());
  }
  if (*marker != kMarker) {
    bool is_newer = marker->starts_with(kMarkerWord) &&
                    number_of(std::string_view(*marker).substr(kMarkerWord.size())) > 1;
    return fail(is_newer ? ErrorCode::kUnsupported : ErrorCode::kCorrupt,
                is_newer ? "the backup folder is of a newer program: use that"
                         : "the backup folder does not say what it is",
                {{path + "/" + std::string(kMarkerName), ""}});
  }
  return BackupFolder(files, path);
}

Result<BackupFolder> BackupFolder::open_or_make(FileSystem& files, const std::string& path) {
  auto opened = open(files, path);
  BackupFolder folder(files, path);
  if (opened) {
    TRY(folder.make());
    return opened;
  }
  if (opened.error().code != ErrorCode::kNotFound && opened.error().code != ErrorCode::kInvalid) {
    return opened;
  }
  if (files.exists(path)) {
    TRY(auto names, files.list(path));
    // What making one left, when it was cut short before the marker had its name.
    const std::set<std::string> own{"files", "moments", std::string(kMarkerName) + ".new"};
    bool is_other = std::any_of(names.begin(), names.end(),
                                [&](const std::string& name) { return !own.contains(name); });
    if (is_other) {
      return fail(ErrorCode::kInvalid, "that folder is not empty, and holds no backups",
                  {{path, ""}});
    }
  }
  TRY(folder.make());
  TRY(files.sync_directory(parent_directory(path)));
  TRY(replace_file(files, path + "/" + std::string(kMarkerName), kMarker));
  return folder;
}

Status BackupFolder::make() const {
  TRY(files_->make_directories(pool()));
  TRY(files_->make_directories(moments()));
  return files_->sync_directory(path_);
}

Result<std::vector<BackupFolder::Listed>> BackupFolder::list() const {
  TRY(auto names, files_->list(moments()));
  std::erase_if(names, [](const std::string& name) { return name.ends_with(kUnfinished); });
  if (names.size() > kMomentsMax) {
    return fail(ErrorCode::kTooLarge, "the backup folder holds too many moments",
                {{moments(), fmt::format("{} of at most {}", names.size(), kMomentsMax)}});
  }
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return std::pair(number_of(a), a) < std::pair(number_of(b), b);
  });
  std::vector<Listed> listed;
  for (std::string& name : names) {
    auto read = [&]() -> Result<BackupMoment> {
      TRY(std::string text, read_file(*files_, moments() + "/" + name, kManifestBytesMax));
      TRY(BackupMoment moment, decode_manifest(text));
      if (moment.name() != name) {
        return fail(ErrorCode::kCorrupt, "a moment of the backup has the name of another",
                    {{moments() + "/" + name, "it is " + moment.name()}});
      }
      return moment;
    };
    auto moment = read();
    listed.push_back({std::move(name), std::move(moment)});
  }
  return listed;
}

Result<std::string> BackupFolder::find_name(std::string_view name) const {
  TRY(auto names, files_->list(moments()));
  const std::string* found = nullptr;
  for (const std::string& candidate : names) {
    bool fits =
        candidate == name || (!name.empty() && std::to_string(number_of(candidate)) == name);
    bool is_newer = found == nullptr || number_of(candidate) > number_of(*found);
    if (!candidate.ends_with(kUnfinished) && (fits || name.empty()) && is_newer) {
      found = &candidate;
    }
  }
  if (found == nullptr) {
    return fail(ErrorCode::kNotFound,
                name.empty() ? "the backup folder holds no moment" : "there is no such moment",
                {{path_, "continuum backup list FOLDER names those there are"}});
  }
  return *found;
}

Result<BackupMoment> BackupFolder::find(std::string_view name, const BackupKey& key) const {
  TRY(std::string found, find_name(name));
  const std::string path = moments() + "/" + found;
  TRY(std::string text, read_file(*files_, path, kManifestBytesMax));
  auto moment = decode_manifest(text);
  if (!moment) {
    Error error = moment.error();
    error.details.push_back({path, "use another moment or another copy of the backup"});
    return fail(std::move(error));
  }
  TRY(check_manifest(text, *moment, key));
  if (moment->name() != found) {
    return fail(ErrorCode::kCorrupt, "a moment of the backup has the name of another",
                {{path, "it is " + moment->name()}});
  }
  return moment;
}

// An immutable file that an earlier moment has is not read again: name, size and start say it is
// the same. Others are copied, and shared when they turn out to be there.
Result<BackupFile> BackupFolder::take_in(const std::string& frozen, const std::string& name,
                                         const std::vector<Listed>& listed, Added& added,
                                         const ByteProgress& progress) const {
  const std::string from = frozen + "/" + name;
  BackupFile file;
  file.name = name;
  {
    TRY(auto source, files_->open_readable(from));
    TRY(file.size, source->size());
    TRY(std::string first, source->read(0, kFileStartBytes));
    file.start = file_start(first);
  }
  for (const Listed& earlier : listed) {
    if (!name.ends_with(kShared) || !earlier.moment) {
      continue;
    }
    const auto& known = earlier.moment->files;
    auto at = std::lower_bound(known.begin(), known.end(), file,
                               [](const auto& a, const auto& b) { return a.name < b.name; });
    bool is_same =
        at != known.end() && at->name == name && at->size == file.size && at->start == file.start;
    if (is_same && size_of(*files_, place_of(at->digest)).value_or(UINT64_MAX) == file.size) {
      progress(file.size, 0);
      return *at;
    }
  }
  const std::string beside = incoming() + "/" + name;
  TRY(Read read, copy_file(*files_, from, beside, [&](std::string_view bytes) {
        progress(bytes.size(), 0);
        return Status();
      }));
  if (read.size != file.size || read.start != file.start) {
    return fail(ErrorCode::kConflict, "a file changed while it was copied", {{from, ""}});
  }
  file.digest = read.digest;
  // Over one that is there: that may have been damaged since.
  TRY(files_->rename(beside, place_of(file.digest)));
  ++added.files_copied;
  added.bytes_copied += file.size;
  return file;
}

Result<BackupFolder::Added> BackupFolder::add(const std::string& frozen, const MomentFacts& facts,
                                              const BackupKey& key, Instant now,
                                              std::string_view program,
                                              const ByteProgress& progress) {
  TRY(remove_tree(*files_, incoming()));
  TRY(files_->make_directories(incoming()));
  TRY(auto listed, list());
  TRY(auto names, files_->list(frozen));
  if (names.size() > kManifestFilesMax || listed.size() >= kMomentsMax) {
    return fail(ErrorCode::kTooLarge, "the backup folder holds as much as it can",
                {{path_, fmt::format("{} moments; drop old ones", listed.size())}});
  }
  uint64_t total = 0;
  for (const std::string& name : names) {
    TRY(uint64_t size, size_of(*files_, frozen + "/" + name));
    total += size;
  }
  uint64_t done = 0;
  auto count = [&](uint64_t bytes, uint64_t) {
    done += bytes;
    if (progress) {
      progress(done, total);
    }
  };
  Added added;
  BackupMoment& moment = added.moment;
  moment.number = (listed.empty() ? 0 : number_of(listed.back().name)) + 1;
  moment.instant = {now.micros - now.micros % kMicrosPerSecond};
  moment.program = program;
  moment.facts = facts;
  moment.key_mark = key.mark();
  for (const std::string& name : names) {
    TRY(BackupFile file, take_in(frozen, name, listed, added, count));
    moment.files.push_back(std::move(file));
  }
  TRY(files_->sync_directory(pool()));
  TRY(replace_file(*files_, moments() + "/" + moment.name(), encode_manifest(moment, key)));
  TRY(remove_tree(*files_, incoming()));
  TRY(listed, list());
  ignore_error(sweep(listed), "the moment is whole; what others left goes another time");
  return added;
}

Status BackupFolder::expect_files(const BackupMoment& moment) const {
  for (const BackupFile& file : moment.files) {
    const std::string path = place_of(file.digest);
    auto size = size_of(*files_, path);
    if (!size && size.error().code != ErrorCode::kNotFound) {
      return fail(size.error());
    }
    if (!size) {
      return damaged(file, path, "is missing");
    }
    if (*size != file.size) {
      return damaged(file, path, fmt::format("has {} bytes of {}", *size, file.size));
    }
  }
  return {};
}

Result<BackupFolder::Dropped> BackupFolder::sweep(const std::vector<Listed>& listed) const {
  std::set<std::string> needed;
  for (const Listed& entry : listed) {
    if (!entry.moment) {  // what it needs is not known
      return fail(entry.moment.error());
    }
    for (const BackupFile& file : entry.moment->files) {
      needed.insert(to_hex(crypto::view(file.digest)));
    }
  }
  TRY(auto names, files_->list(pool()));
  Dropped dropped;
  for (const std::string& name : names) {
    if (needed.contains(name)) {
      continue;
    }
    const std::string path = pool() + "/" + name;
    TRY(uint64_t size, size_of(*files_, path));
    TRY(files_->remove(path));
    ++dropped.files;
    dropped.bytes += size;
  }
  TRY(files_->sync_directory(pool()));
  return dropped;
}

Result<BackupFolder::Dropped> BackupFolder::drop(std::string_view name) {
  TRY(std::string found, find_name(name));
  if (name.empty()) {
    return fail(ErrorCode::kInvalid, "say which moment is to be dropped");
  }
  TRY(auto listed, list());
  std::erase_if(listed, [&](const Listed& entry) { return entry.name == found; });
  if (listed.empty()) {
    return fail(ErrorCode::kConflict, "it is the only moment: no backup would be left",
                {{path_ + "/moments/" + found, "make another first, or remove the whole folder"}});
  }
  for (const Listed& entry : listed) {
    Status whole = entry.moment ? expect_files(*entry.moment) : fail(entry.moment.error());
    if (!whole) {
      Error error = whole.error();
      error.details.push_back({entry.name, "it can't be relied on; nothing was dropped"});
      return fail(std::move(error));
    }
  }
  TRY(files_->remove(moments() + "/" + found));
  TRY(files_->sync_directory(moments()));
  return sweep(listed);
}

Status BackupFolder::check(const BackupMoment& moment, const ByteProgress& progress) const {
  const uint64_t total = moment.bytes();
  uint64_t done = 0;
  for (const BackupFile& file : moment.files) {
    const std::string path = place_of(file.digest);
    TRY(expect_same(file, path, read_pieces(*files_, path, [&](std::string_view bytes) {
                      done += bytes.size();
                      if (progress) {
                        progress(done, total);
                      }
                      return Status();
                    })));
  }
  return {};
}

Status BackupFolder::copy_out(const BackupMoment& moment, const std::string& to,
                              const ByteProgress& progress) const {
  const uint64_t total = moment.bytes();
  uint64_t done = 0;
  for (const BackupFile& file : moment.files) {
    const std::string path = place_of(file.digest);
    TRY(expect_same(file, path,
                    copy_file(*files_, path, to + "/" + file.name, [&](std::string_view bytes) {
                      done += bytes.size();
                      if (progress) {
                        progress(done, total);
                      }
                      return Status();
                    })));
  }
  return files_->sync_directory(to);
}

}  // namespace continuum::record
