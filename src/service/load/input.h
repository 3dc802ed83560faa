// What there is to load: the files under the given paths, and the units in them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "service/load/text_file.h"

namespace continuum::service {

struct InputFile {
  std::string path;
  // From the named folder on ("set/a.json"), or of the named file ("a.json"): the same wherever the
  // input lies.
  std::string name;
  bool lines = false;  // NDJSON: each line a unit; otherwise the whole file
  uint64_t bytes = 0;
};

struct InputFiles {
  std::vector<InputFile> files;      // sorted by path; each once
  std::vector<std::string> skipped;  // in folders: neither .json nor .ndjson
  uint64_t bytes = 0;
};

// Files as they are named; folders with all that lies under them. kNotFound names the path that is
// not there.
Result<InputFiles> find_input_files(FileSystem& files, const std::vector<std::string>& paths);

// One JSON text: a resource or a Bundle.
struct Unit {
  uint32_t file = 0;    // index into InputFiles::files
  uint32_t line = 0;    // from 1 in NDJSON; 0 otherwise
  uint32_t number = 0;  // of all units, in order
  std::string text;
  Status status;  // why it could not be read; the text is then empty
};

// Gives the units in order: files by path, lines by number; blank lines are passed over. Twice over
// the same files gives the same units, unless a file changes meanwhile. Not thread-safe.
class UnitReader {
 public:
  UnitReader(FileSystem& files, const InputFiles& input) : files_(files), input_(input) {}
  // False at the end. A file that can't be read is one unit with that status.
  bool next(Unit& unit);
  // Bytes of the input files read so far.
  uint64_t position() const;

 private:
  bool open_next(Unit& unit);
  bool next_line(Unit& unit);

  FileSystem& files_;
  const InputFiles& input_;
  size_t next_file_ = 0;
  uint32_t next_number_ = 0;
  uint64_t done_bytes_ = 0;
  std::unique_ptr<TextFile> file_;
  std::unique_ptr<LineReader> lines_;
  uint32_t line_ = 0;
};

}  // namespace continuum::service
