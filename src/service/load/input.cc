#include "service/load/input.h"

#include <algorithm>
#include <filesystem>

#include "service/load/limits.h"

namespace continuum::service {
namespace {

// "./a//b/" -> "a/b": one file, named twice in different words, is read once.
std::string plain_path(const std::string& path) {
  std::string plain = std::filesystem::path(path).lexically_normal().generic_string();
  while (plain.size() > 1 && plain.ends_with('/')) {
    plain.pop_back();
  }
  return plain;
}

class Finder {
 public:
  explicit Finder(FileSystem& files) : files_(files) {}

  Status add(const std::string& path) {
    std::string plain = plain_path(path);
    if (!files_.exists(plain)) {
      return fail(ErrorCode::kNotFound, "there is no file or folder " + path);
    }
    name_start_ = plain.rfind('/') + 1;
    return files_.is_directory(plain) ? add_folder(plain, 1) : add_file(plain);
  }

  InputFiles take() {
    auto by_path = [](const InputFile& a, const InputFile& b) { return a.path < b.path; };
    auto same = [](const InputFile& a, const InputFile& b) { return a.path == b.path; };
    std::sort(found_.files.begin(), found_.files.end(), by_path);
    found_.files.erase(std::unique(found_.files.begin(), found_.files.end(), same),
                       found_.files.end());
    std::sort(found_.skipped.begin(), found_.skipped.end());
    found_.skipped.erase(std::unique(found_.skipped.begin(), found_.skipped.end()),
                         found_.skipped.end());
    for (const InputFile& file : found_.files) {
      found_.bytes += file.bytes;
    }
    return std::move(found_);
  }

 private:
  Status add_folder(const std::string& path, size_t depth) {
    if (depth > kLoadFolderDepthMax) {
      return fail(ErrorCode::kTooLarge, path + ": folders are nested too deeply");
    }
    TRY(auto names, files_.list(path));
    for (const std::string& name : names) {
      std::string inside = path;
      inside.append(path.ends_with('/') ? "" : "/").append(name);
      if (name.starts_with(".")) {
        continue;
      }
      if (files_.is_directory(inside)) {
        TRY(add_folder(inside, depth + 1));
      } else if (is_json_name(inside)) {
        TRY(add_file(inside));
      } else {
        found_.skipped.push_back(inside);
      }
    }
    return {};
  }

  static bool is_json_name(std::string_view path) {
    std::string_view plain = without_compression(path);
    return plain.ends_with(".json") || plain.ends_with(".ndjson");
  }

  Status add_file(const std::string& path) {
    if (found_.files.size() >= kLoadFilesMax) {
      return fail(ErrorCode::kTooLarge,
                  "there are more than " + std::to_string(kLoadFilesMax) + " files");
    }
    TRY(auto file, files_.open_readable(path));
    TRY(uint64_t bytes, file->size());
    bool lines = without_compression(path).ends_with(".ndjson");
    found_.files.push_back({path, path.substr(name_start_), lines, bytes});
    return {};
  }

  FileSystem& files_;
  size_t name_start_ = 0;
  InputFiles found_;
};

}  // namespace

Result<InputFiles> find_input_files(FileSystem& files, const std::vector<std::string>& paths) {
  Finder finder(files);
  for (const std::string& path : paths) {
    TRY(finder.add(path));
  }
  return finder.take();
}

bool UnitReader::next(Unit& unit) {
  unit.line = 0;
  unit.status = {};
  unit.text.clear();
  while (true) {
    if (lines_ != nullptr && next_line(unit)) {
      break;
    }
    if (lines_ == nullptr && next_file_ >= input_.files.size()) {
      return false;
    }
    if (lines_ == nullptr && open_next(unit)) {
      break;
    }
  }
  unit.number = next_number_++;
  return true;
}

// True when the file is a unit itself; false when its lines are.
bool UnitReader::open_next(Unit& unit) {
  const InputFile& input = input_.files[next_file_];
  unit.file = static_cast<uint32_t>(next_file_++);
  auto file = TextFile::open(files_, input.path);
  if (!file) {
    unit.status = fail(file.error());
    return true;
  }
  if (input.lines) {
    file_ = std::move(*file);
    lines_ = std::make_unique<LineReader>(*file_);
    line_ = 0;
    return false;
  }
  auto text = read_all(**file, kLoadFileBytesMax);
  done_bytes_ += input.bytes;
  if (!text) {
    unit.status = fail(text.error());
    return true;
  }
  unit.text = std::move(*text);
  return true;
}

bool UnitReader::next_line(Unit& unit) {
  while (true) {
    auto more = lines_->next(unit.text);
    ++line_;
    unit.file = static_cast<uint32_t>(next_file_ - 1);
    unit.line = line_;
    if (more && *more && unit.text.find_first_not_of(" \t") == std::string::npos) {
      continue;
    }
    if (more && *more) {
      return true;
    }
    if (!more && more.error().code == ErrorCode::kTooLarge) {
      unit.status = fail(more.error());  // this line alone
      unit.text.clear();
      return true;
    }
    lines_.reset();
    file_.reset();
    done_bytes_ += input_.files[unit.file].bytes;
    if (!more) {
      unit.status = fail(more.error());
      unit.text.clear();
      return true;
    }
    unit.line = 0;
    return false;
  }
}

uint64_t UnitReader::position() const {
  return done_bytes_ + (file_ != nullptr ? file_->position() : 0);
}

}  // namespace continuum::service
