// What the benchmarks print: one row an operation, beside its floor and its target.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace continuum::bench {

enum class Better : uint8_t { kHigher, kLower };

// What is empty, or nothing, is printed as "-".
struct Row {
  std::string operation = {};
  std::optional<double> figure = {};
  std::string unit = {};
  Better better = Better::kHigher;
  std::optional<double> floor = {};  // in the same unit, of the same run
  std::string limits = {};           // a measured value for comparison, from another day
  std::string target = {};           // what this project set itself
  std::optional<double> cpu_us = {};
  std::optional<double> floor_cpu_us = {};
  std::optional<double> p50_ms = {};
  std::optional<double> p99_ms = {};
  std::optional<double> rss_mb = {};
};

class Report {
 public:
  // Prints the name and figure at once, so that a long run shows its progress.
  void add(Row row);
  // A line below the table.
  void note(std::string text);
  // The table, the notes and the machine.
  void print() const;

 private:
  std::vector<Row> rows_;
  std::vector<std::string> notes_;
};

// "label: 2 cores, ..., load average ...".
std::string machine_line(const std::string& label);

}  // namespace continuum::bench
