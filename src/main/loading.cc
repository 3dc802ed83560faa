#include "main/loading.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "fhir/types.h"
#include "identity/exact_match.h"
#include "json/writer.h"
#include "main/ledger_files.h"

namespace continuum::commands {
namespace {

constexpr int kExitSomeRefused = 3;
constexpr size_t kUnresolvedShown = 20;
constexpr size_t kDoubtfulShown = 20;

template <typename... Values>
void say(std::string& out, fmt::format_string<const Values&...> text, const Values&... values) {
  fmt::vformat_to(std::back_inserter(out), fmt::string_view(text),
                  fmt::make_format_args(values...));
}

std::string place_of(const service::LoadReport& report, uint32_t file, uint32_t line,
                     uint32_t entry) {
  std::string place = report.input.files[file].path;
  if (line > 0) {
    place += " line " + std::to_string(line);
  }
  if (entry > 0) {
    place += " entry " + std::to_string(entry);
  }
  return place;
}

void say_refusals(const service::LoadReport& report, std::string& out) {
  for (const service::LoadRefusal& refusal : report.refusals) {
    say(out, "refused: {}{}{}: {}\n", place_of(report, refusal.file, refusal.line, refusal.entry),
        refusal.type.empty() ? "" : " ", refusal.type, refusal.error.text());
  }
  for (const std::string& path : report.input.skipped) {
    say(out, "passed over: {}: not a .json or .ndjson file\n", path);
  }
}

// A search by identifier may hold an NHS number: what follows the system is not shown.
std::string shown(const std::string& reference) {
  size_t bar = reference.find('|');
  if (bar == std::string::npos) {
    bar = reference.find("%7C");
  }
  return bar == std::string::npos ? reference : reference.substr(0, bar) + "|...";
}

void say_unresolved(const service::LoadReport& report, std::string& out) {
  if (report.unresolved_count == 0) {
    return;
  }
  say(out, "references that name nothing in this source: {} (kept as sent)\n",
      report.unresolved_count);
  for (size_t i = 0; i < std::min(report.unresolved.size(), kUnresolvedShown); ++i) {
    const auto& unresolved = report.unresolved[i];
    say(out, "  {}: {}\n", place_of(report, unresolved.file, unresolved.line, unresolved.entry),
        shown(unresolved.reference));
  }
  if (report.unresolved_count > kUnresolvedShown) {
    say(out, "  ... and {} more\n", report.unresolved_count - kUnresolvedShown);
  }
}

void say_types(const service::LoadReport& report, std::string& out) {
  say(out, "{:<30} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "type", "created", "updated",
      "unchanged", "known", "deleted", "no home");
  auto row = [&out](std::string_view name, const service::LoadCounts& counts) {
    say(out, "{:<30} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n", name, counts.created, counts.updated,
        counts.unchanged, counts.same, counts.deleted, counts.quarantined);
  };
  for (size_t type = 0; type < fhir::type_count(); ++type) {
    if (report.by_type[type].taken() > 0) {
      row(fhir::type_name(static_cast<fhir::TypeNumber>(type)), report.by_type[type]);
    }
  }
  row("all", report.counts);
  if (report.skipped_entries > 0) {
    say(out, "entries that ask or tell and store nothing: {}\n", report.skipped_entries);
  }
  if (report.counts.quarantined > 0) {
    say(out, "no home: the patient they are about is not known; kept in quarantine\n");
  }
}

void say_links(const service::LoadReport& report, const record::View& view, std::string& out) {
  for (size_t i = 1; i < report.unlinkable.size(); ++i) {
    if (report.unlinkable[i] == 0) {
      continue;
    }
    say(out, "patients with {}, not linked to other sources: {}\n",
        identity::describe(static_cast<identity::MatchObstacle>(i)), report.unlinkable[i]);
    size_t shown = 0;
    for (const auto& patient : report.unlinkable_patients) {
      if (patient.obstacle == i && shown++ < kDoubtfulShown) {
        say(out, "  Patient/{}\n", patient.id);
      }
    }
    if (report.unlinkable[i] > kDoubtfulShown) {
      say(out, "  ... and {} more\n", report.unlinkable[i] - kDoubtfulShown);
    }
  }
  auto doubtful = view.numbers_in_doubt(kDoubtfulShown);
  if (doubtful && !doubtful->empty()) {
    say(out, "source patients with one NHS number and different birth dates, kept apart:\n");
    for (const auto& group : *doubtful) {
      std::string ids;
      for (const record::SourcePatient& patient : group) {
        ids += " Patient/" + patient.patient.text();
      }
      say(out, " {}\n", ids);
    }
  }
}

}  // namespace

Status check_source(const config::Region& region, const std::string& name,
                    const std::string& where) {
  std::string names;
  for (const config::Source& source : region.sources) {
    if (source.name == name) {
      return {};
    }
    names += (names.empty() ? "" : ", ") + source.name;
  }
  return fail(ErrorCode::kInvalid, "the region has no source '" + name + "'",
              {{where, "its sources are: " + names}});
}

service::LoadAnswer told(const service::LoadReport& report, const record::View& view,
                         double seconds) {
  service::LoadAnswer answer;
  say_refusals(report, answer.err);
  say_unresolved(report, answer.out);
  say_links(report, view, answer.out);
  say_types(report, answer.out);
  if (!report.refusals.empty()) {
    say(answer.out, "refused: {}, named above\n", report.refusals.size());
    answer.exit_code = kExitSomeRefused;
  }
  say(answer.out, "loaded {} resources in {:.2f} s ({:.0f} resources/s)\n", report.counts.taken(),
      seconds, static_cast<double>(report.counts.taken()) / seconds);
  return answer;
}

Result<service::LoadReport> load_noted(record::Store& store, const service::LoadOptions& options,
                                       const std::string& by,
                                       const service::LoadProgressSink& progress) {
  const std::string source = json::quoted(options.source);
  TRY(record_command(store, "load", by, "begun", fmt::format(R"({{"source":{}}})", source)));
  auto loaded = service::load(store, posix_files(), options, progress);
  if (!loaded) {
    ignore_error(record_command(store, "load", by, "failed",
                                fmt::format(R"({{"source":{},"code":"{}"}})", source,
                                            to_string(loaded.error().code))),
                 "that it began is noted, and that it was done is not");
    return loaded;
  }
  service::LoadReport report = std::move(*loaded);
  TRY(record_command(store, "load", by, "done",
                     fmt::format(R"({{"source":{},"resources":{},"refused":{}}})", source,
                                 report.counts.taken(), report.refusals.size())));
  return report;
}

}  // namespace continuum::commands
