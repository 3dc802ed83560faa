// For tests: a sink that writes each value as one line, "code kind value".
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "fhir/search_values.h"

namespace continuum::fhir {

class ValuesPrinter final : public SearchValueSink {
 public:
  void token(ParameterNumber parameter, std::string_view system, std::string_view code) override {
    add(parameter, "token", fmt::format("{}|{}", system, code));
  }
  void string(ParameterNumber parameter, std::string_view text) override {
    add(parameter, "string", text);
  }
  void reference(ParameterNumber parameter, std::string_view reference,
                 std::string_view identifier_system, std::string_view identifier_value) override {
    bool logical = !identifier_system.empty() || !identifier_value.empty();
    add(parameter, "reference",
        logical ? fmt::format("{} {}|{}", reference, identifier_system, identifier_value)
                : std::string(reference));
  }
  void date(ParameterNumber parameter, const DateRange& range) override {
    add(parameter, "date", end(range.low) + ".." + end(range.high));
  }
  void number(ParameterNumber parameter, std::string_view decimal) override {
    add(parameter, "number", decimal);
  }
  void quantity(ParameterNumber parameter, const QuantityValue& value) override {
    add(parameter, "quantity",
        fmt::format("{}{} {}|{} {}", value.comparator, value.value, value.system, value.code,
                    value.unit));
  }
  void uri(ParameterNumber parameter, std::string_view text) override {
    add(parameter, "uri", text);
  }

  const std::vector<std::string>& lines() const { return lines_; }

 private:
  static std::string end(Instant instant) {
    bool open = instant == kOpenLow || instant == kOpenHigh;
    return open ? "open" : to_fhir_instant(instant);
  }
  void add(ParameterNumber number, std::string_view kind, std::string_view value) {
    lines_.push_back(fmt::format("{} {} {}", parameter(number).code, kind, value));
  }

  std::vector<std::string> lines_;
};

}  // namespace continuum::fhir
