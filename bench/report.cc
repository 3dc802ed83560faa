#include "bench/report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

namespace continuum::bench {
namespace {

constexpr size_t kColumns = 11;
using Cells = std::vector<std::string>;

// Three significant digits, without an exponent.
std::string number(double value) {
  double size = value < 0 ? -value : value;
  int digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return fmt::format("{:.{}f}", value, digits);
}

std::string number_or_dash(const std::optional<double>& value) {
  return value ? number(*value) : "-";
}

std::string with_unit(const std::optional<double>& value, const std::string& unit) {
  return value ? number(*value) + ' ' + unit : "-";
}

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

// How much of the floor is reached: 1 is all of it.
std::optional<double> ratio(const Row& row) {
  if (!row.figure || !row.floor || *row.figure == 0 || *row.floor == 0) {
    return std::nullopt;
  }
  return row.better == Better::kHigher ? *row.figure / *row.floor : *row.floor / *row.figure;
}

Cells cells_of(const Row& row) {
  return {row.operation,
          with_unit(row.figure, row.unit),
          with_unit(row.floor, row.unit),
          or_dash(row.limits),
          number_or_dash(ratio(row)),
          or_dash(row.target),
          number_or_dash(row.cpu_us),
          number_or_dash(row.floor_cpu_us),
          number_or_dash(row.p50_ms),
          number_or_dash(row.p99_ms),
          number_or_dash(row.rss_mb)};
}

void print_table(const std::vector<Cells>& table) {
  std::vector<size_t> widths(kColumns, 0);
  for (const Cells& cells : table) {
    for (size_t i = 0; i < cells.size(); ++i) {
      widths[i] = std::max(widths[i], cells[i].size());
    }
  }
  for (const Cells& cells : table) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      line += i == 0 ? fmt::format("{:<{}}", cells[i], widths[i])
                     : fmt::format("  {:>{}}", cells[i], widths[i]);
    }
    std::printf("%s\n", line.c_str());
  }
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("model name")) {
      return line.substr(line.find(':') + 2);
    }
  }
  return "unknown processor";
}

}  // namespace

void Report::add(Row row) {
  std::fprintf(stderr, "%s: %s\n", row.operation.c_str(), with_unit(row.figure, row.unit).c_str());
  rows_.push_back(std::move(row));
}

void Report::note(std::string text) {
  std::fprintf(stderr, "%s\n", text.c_str());
  notes_.push_back(std::move(text));
}

void Report::print() const {
  std::vector<Cells> table = {{"operation", "figure", "floor", "limits", "ratio", "target",
                               "cpu us", "floor cpu us", "p50 ms", "p99 ms", "RSS MB"}};
  for (const Row& row : rows_) {
    table.push_back(cells_of(row));
  }
  print_table(table);
  std::printf("\n");
  for (const std::string& note : notes_) {
    std::printf("%s\n", note.c_str());
  }
  std::printf("%s\n", machine_line("end").c_str());
  std::printf(
      "ratio: how much of the floor of the same run is reached. limits: measured another day, on "
      "a\n"
      "machine with 2 such cores (docs/benchmarks.md). cpu us: of the server or loader, for one\n"
      "operation. Clients share the cores; absolute figures move with the load of the machine.\n");
}

std::string machine_line(const std::string& label) {
  double load[3] = {};
  if (getloadavg(load, 3) != 3) {
    load[0] = -1;
  }
  return fmt::format("{}: {} cores, {}, load average {:.1f} {:.1f} {:.1f}", label,
                     sysconf(_SC_NPROCESSORS_ONLN), processor(), load[0], load[1], load[2]);
}

}  // namespace continuum::bench
