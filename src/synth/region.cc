#include "synth/region.h"

#include <memory>

#include "synth/accounts.h"
#include "synth/bundle_writer.h"

namespace continuum::synth {
namespace {

constexpr uint32_t kBundlesInFile = 200;
constexpr size_t kBufferBytes = size_t{1} << 20;

// Appends to one file through a buffer.
class BufferedFile {
 public:
  static Result<BufferedFile> open(FileSystem& files, const std::string& path) {
    TRY(auto file, files.open_writable(path, OpenMode::kTruncate));
    return BufferedFile(std::move(file));
  }
  Status append(std::string_view bytes) {
    buffer_ += bytes;
    return buffer_.size() >= kBufferBytes ? flush() : Status();
  }
  Status flush() {
    TRY(file_->append(buffer_));
    buffer_.clear();
    return {};
  }

 private:
  explicit BufferedFile(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}
  std::unique_ptr<WritableFile> file_;
  std::string buffer_;
};

// The numbered NDJSON files of one source.
class SourceFiles {
 public:
  SourceFiles(FileSystem& files, std::string directory)
      : files_(files), directory_(std::move(directory)) {}

  Status append(std::string_view bundle) {
    if (bundles_ % kBundlesInFile == 0) {
      TRY(next_file());
    }
    ++bundles_;
    TRY(file_->append(bundle));
    return file_->append("\n");
  }
  Status finish() { return file_ ? file_->flush() : Status(); }

 private:
  Status next_file() {
    TRY(finish());
    std::string number = std::to_string(bundles_ / kBundlesInFile + 1);
    if (number.size() < 4) {
      number.insert(0, 4 - number.size(), '0');
    }
    TRY(auto file, BufferedFile::open(files_, directory_ + "/patients-" + number + ".ndjson"));
    file_ = std::make_unique<BufferedFile>(std::move(file));
    return {};
  }

  FileSystem& files_;
  std::string directory_;
  std::unique_ptr<BufferedFile> file_;
  uint64_t bundles_ = 0;
};

void append_truth(std::string& out, const PersonBundles& person) {
  cat(out, person.index == 0 ? "\n" : ",\n", R"({"person":)");
  append_number(out, person.index + 1);
  cat(out, R"(,"nhsNumber":")", person.nhs_number, R"(","birthDate":")", person.birth_date,
      R"(","patients":[)");
  for (const SourcePatient& patient : person.patients) {
    const Source& source = sources()[patient.source];
    cat(out, &patient == person.patients.data() ? "" : ",", R"({"source":")", source.name,
        R"(","fullUrl":")", patient.patient_full_url, "\"");
    if (source.sends_ids) {
      cat(out, R"(,"id":")", std::string_view(patient.patient_full_url).substr(9), "\"");
    }
    out += R"(,"altered":[)";
    for (size_t i = 0; i < patient.altered.size(); ++i) {
      cat(out, i > 0 ? ",\"" : "\"", to_string(patient.altered[i]), "\"");
    }
    out += "]}";
  }
  out += "]}";
}

Status write_file(FileSystem& files, const std::string& path, std::string_view bytes) {
  TRY(auto file, files.open_writable(path, OpenMode::kTruncate));
  return file->append(bytes);
}

// A smaller region written over a larger one must not keep the larger one's patients.
Status remove_old_bundles(FileSystem& files, const std::string& folder) {
  TRY(auto names, files.list(folder));
  for (const std::string& name : names) {
    if (name.starts_with("patients-") && name.ends_with(".ndjson")) {
      TRY(files.remove(folder + "/" + name));
    }
  }
  return {};
}

// Writes everything but the people; makes the folders.
Result<std::vector<SourceFiles>> begin_region(const Generator& generator, FileSystem& files,
                                              const std::string& directory) {
  TRY(files.make_directories(directory));
  TRY(write_file(files, directory + "/region.toml", region_toml()));
  std::vector<SourceFiles> outputs;
  for (size_t source = 0; source < kSourceCount; ++source) {
    std::string folder = directory + "/" + std::string(sources()[source].name);
    TRY(files.make_directories(folder));
    TRY(remove_old_bundles(files, folder));
    TRY(write_file(files, folder + "/organisations.json", generator.organisations(source) + "\n"));
    outputs.emplace_back(files, folder);
  }
  return outputs;
}

}  // namespace

std::string region_toml() {
  std::string out =
      "# A synthetic region: every person, number and place in it is invented.\n"
      "name = \"Stanmarch and Overmere\"\n"
      "base_url = \"http://127.0.0.1:8080/fhir\"\n";
  for (const Source& source : sources()) {
    cat(out, "\n[[organisation]]\nods_code = \"", source.ods_code, "\"\nname = \"",
        source.organisation, "\"\nkind = \"", to_string(source.kind), "\"\n");
  }
  for (const Source& source : sources()) {
    cat(out, "\n[[source]]\nname = \"", source.name, "\"\norganisation = \"", source.ods_code,
        "\"\nclient_id = \"", source.name, "\"\n");
  }
  return out;
}

Result<Totals> write_region(const Options& options, FileSystem& files, const std::string& directory,
                            const std::function<void(const Totals&)>& progress) {
  TRY(auto generator, Generator::create(options));
  TRY(auto outputs, begin_region(generator, files, directory));
  TRY(auto truth, BufferedFile::open(files, directory + "/truth.json"));
  std::string line = R"({"seed":)" + std::to_string(options.seed) + R"(,"asAt":")" +
                     to_fhir_instant(options.as_at) + R"(","people":[)";
  std::vector<CitizenAccount> citizens;
  Totals totals;
  PersonBundles person;
  for (uint32_t index = 0; index < options.people; ++index) {
    generator.write_person(index, person);
    for (const SourcePatient& patient : person.patients) {
      TRY(outputs[patient.source].append(patient.bundle));
      ++totals.source_patients;
      totals.resources += patient.resources;
      totals.bytes += patient.bundle.size() + 1;
    }
    if (index < kCitizenAccounts) {
      citizens.push_back({index + 1, person.nhs_number, person.birth_date});
    }
    append_truth(line, person);
    TRY(truth.append(line));
    line.clear();
    ++totals.people;
    if (progress) {
      progress(totals);
    }
  }
  TRY(truth.append(line + "\n]}\n"));
  TRY(truth.flush());
  TRY(write_file(files, directory + "/accounts.json", accounts_json(options.seed, citizens)));
  for (SourceFiles& output : outputs) {
    TRY(output.finish());
  }
  return totals;
}

}  // namespace continuum::synth
