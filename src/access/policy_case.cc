#include "access/policy_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "access/limits.h"
#include "access/policy_problems.h"
#include "base/check.h"

namespace continuum::access {
namespace {

struct Cell {
  std::string_view text;
  size_t column = 1;
};

Cell trimmed(std::string_view line, size_t start, size_t end) {
  while (start < end && (line[start] == ' ' || line[start] == '\t')) {
    ++start;
  }
  while (end > start && (line[end - 1] == ' ' || line[end - 1] == '\t')) {
    --end;
  }
  return {line.substr(start, end - start), start + 1};
}

std::vector<Cell> split_cells(std::string_view line) {
  std::vector<Cell> cells;
  for (size_t start = 0; start <= line.size();) {
    const size_t end = std::min(line.find('|', start), line.size());
    cells.push_back(trimmed(line, start, end));
    start = end + 1;
  }
  return cells;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find_first_of(separators, start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

Result<uint32_t> read_number(std::string_view text, uint32_t max) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > max) {
    return fail(ErrorCode::kInvalid, fmt::format("found {}, expected a number from 0 to {}",
                                                 shown_in_policy(text), max));
  }
  return value;
}

std::string too_many_of_row() {
  return fmt::format("a row of more than {} cases", kPolicyCasesOfRowMax);
}

// "staff role=A/B kind=c/d" as the four texts it stands for.
Result<std::vector<std::string>> expand_words(std::string_view cell) {
  std::vector<std::string> texts{""};
  for (const std::string_view word : split(cell, " \t")) {
    if (word.empty()) {
      continue;
    }
    const size_t equals = word.find('=');
    const size_t value = equals == std::string_view::npos ? 0 : equals + 1;
    const auto options = split(word.substr(value), "/");
    if (options.size() * texts.size() > kPolicyCasesOfRowMax) {
      return fail(ErrorCode::kInvalid, too_many_of_row());
    }
    std::vector<std::string> longer;
    for (const std::string& text : texts) {
      for (const std::string_view option : options) {
        longer.push_back(
            fmt::format("{}{}{}{}", text, text.empty() ? "" : " ", word.substr(0, value), option));
      }
    }
    texts = std::move(longer);
  }
  return texts;
}

std::vector<std::string_view> type_names() {
  std::vector<std::string_view> names;
  for (size_t type = 0; type < fhir::type_count(); ++type) {
    names.push_back(fhir::type_name(static_cast<fhir::TypeNumber>(type)));
  }
  return names;
}

Result<fhir::TypeNumber> read_type(std::string_view name) {
  const auto type = fhir::type_number(name);
  if (!type) {
    return fail(ErrorCode::kInvalid,
                fmt::format("found {}, expected a resource type{}", shown_in_policy(name),
                            suggestion(name, type_names())));
  }
  return *type;
}

// "A/B", "any type" or "all but A/B".
Result<std::vector<fhir::TypeNumber>> read_types(std::string_view cell) {
  constexpr std::string_view kAllBut = "all but ";
  const bool inverted = cell.starts_with(kAllBut);
  std::vector<bool> named(fhir::type_count(), cell == "any type");
  if (cell != "any type") {
    for (const std::string_view name : split(cell.substr(inverted ? kAllBut.size() : 0), "/")) {
      TRY(const fhir::TypeNumber type, read_type(name));
      named[type] = true;
    }
  }
  std::vector<fhir::TypeNumber> types;
  for (size_t type = 0; type < named.size(); ++type) {
    if (named[type] != inverted) {
      types.push_back(static_cast<fhir::TypeNumber>(type));
    }
  }
  if (types.empty()) {
    return fail(ErrorCode::kInvalid, "no type is left");
  }
  return types;
}

Result<std::vector<uint8_t>> read_labels(std::string_view cell) {
  std::vector<uint8_t> labels;
  for (const std::string_view text : split(cell, "/")) {
    TRY(const uint32_t label, read_number(text == "-" ? "0" : text, 255));
    labels.push_back(static_cast<uint8_t>(label));
  }
  return labels;
}

struct Outcome {
  bool allow = false;
  std::string rule;
};

Result<Outcome> read_outcome(std::string_view cell) {
  const auto words = split(cell, " ");
  if (words.size() != 3 || (words[0] != "allow" && words[0] != "deny") || words[1] != "by" ||
      words[2].empty()) {
    return fail(ErrorCode::kInvalid,
                fmt::format("found {}, expected: allow by RULE, deny by RULE or deny by default",
                            shown_in_policy(cell)));
  }
  return Outcome{words[0] == "allow", std::string(words[2])};
}

// One of two words.
Result<bool> read_either(std::string_view cell, std::string_view yes, std::string_view no) {
  if (cell != yes && cell != no) {
    return fail(ErrorCode::kInvalid,
                fmt::format("found {}, expected {} or {}", shown_in_policy(cell), yes, no));
  }
  return cell == yes;
}

class CaseParser {
 public:
  explicit CaseParser(PolicyProblems& problems) : problems_(problems) {}

  void read(std::string_view line, size_t number) {
    number_ = number;
    const std::vector<Cell> cells = split_cells(line);
    if (cells.front().text == "window") {
      return has_cells(cells, 3) ? read_window(cells) : void();
    }
    if (cells.front().text == "search") {
      return has_cells(cells, 4) ? read_search(cells) : void();
    }
    return has_cells(cells, 5) ? read_decisions(cells) : void();
  }

  std::vector<PolicyCase> take() { return std::move(cases_); }

 private:
  bool has_cells(const std::vector<Cell>& cells, size_t count) {
    if (cells.size() != count) {
      problems_.add(number_, 1, fmt::format("{} cells, expected {}", cells.size(), count));
    }
    return cells.size() == count;
  }

  // The value, or a problem at the cell.
  template <typename T>
  std::optional<T> value_at(const Cell& cell, Result<T> result) {
    if (!result) {
      problems_.add(number_, cell.column, std::move(result).error().message);
      return std::nullopt;
    }
    return *std::move(result);
  }

  void add(std::string question, std::variant<DecisionCase, WindowCase, SearchCase> asks) {
    if (cases_.size() == kPolicyCasesMax) {
      problems_.add(number_, 1, fmt::format("more than {} cases", kPolicyCasesMax));
      return;
    }
    cases_.push_back({number_, std::move(question), std::move(asks)});
  }

  void read_decisions(const std::vector<Cell>& cells) {
    const auto callers = value_at(cells[0], expand_words(cells[0].text));
    const auto places = value_at(cells[1], expand_words(cells[1].text));
    const auto types = value_at(cells[2], read_types(cells[2].text));
    const auto labels = value_at(cells[3], read_labels(cells[3].text));
    const auto outcome = value_at(cells[4], read_outcome(cells[4].text));
    if (!callers || !places || !types || !labels || !outcome) {
      return;
    }
    if (callers->size() * places->size() * types->size() * labels->size() > kPolicyCasesOfRowMax) {
      problems_.add(number_, 1, too_many_of_row());
      return;
    }
    for (const std::string& caller_words : *callers) {
      const auto caller = value_at(cells[0], parse_caller(caller_words));
      for (const std::string& place_words : *places) {
        const auto place = value_at(cells[1], parse_place(place_words));
        if (!caller || !place) {
          return;
        }
        for (const fhir::TypeNumber type : *types) {
          for (const uint8_t label : *labels) {
            add(fmt::format("{} | {} | {} | {}", caller_words, place_words, fhir::type_name(type),
                            label),
                DecisionCase{
                    caller_words, *caller, *place, {type, label}, outcome->allow, outcome->rule});
          }
        }
      }
    }
  }

  // KIND starts in N days | KIND ended N days ago
  void read_window(const std::vector<Cell>& cells) {
    const auto live = value_at(cells[2], read_either(cells[2].text, "live", "over"));
    const auto event = value_at(cells[1], read_event(cells[1].text));
    if (live && event) {
      WindowCase asks = *event;
      asks.live = *live;
      add(std::string(cells[1].text), asks);
    }
  }

  static Result<WindowCase> read_event(std::string_view cell) {
    const auto words = split(cell, " ");
    const auto is_days = [](std::string_view word) { return word == "day" || word == "days"; };
    const bool starts =
        words.size() == 5 && words[1] == "starts" && words[2] == "in" && is_days(words[4]);
    const bool ended =
        words.size() == 5 && words[1] == "ended" && is_days(words[3]) && words[4] == "ago";
    const auto kind = parse_relationship_kind(words.front());
    if (!kind || (!starts && !ended)) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("found {}, expected: KIND starts in N days, or KIND ended N days ago",
                              shown_in_policy(cell)));
    }
    TRY(const uint32_t days, read_number(words[starts ? 3 : 2], kPolicyWindowDaysMax + 1));
    return WindowCase{*kind, starts ? WindowCase::When::kStartsIn : WindowCase::When::kEndedAgo,
                      static_cast<int32_t>(days), false};
  }

  void read_search(const std::vector<Cell>& cells) {
    const auto callers = value_at(cells[1], expand_words(cells[1].text));
    const auto parameter = value_at(cells[2], read_parameter(cells[2].text));
    const auto allow = value_at(cells[3], read_either(cells[3].text, "allow", "deny"));
    if (!callers || !parameter || !allow) {
      return;
    }
    for (const std::string& words : *callers) {
      const auto caller = value_at(cells[1], parse_caller(words));
      if (!caller) {
        return;
      }
      add(fmt::format("{} | search {}", words, cells[2].text),
          SearchCase{words, *caller, *parameter, *allow});
    }
  }

  // TYPE PARAMETER
  static Result<fhir::ParameterNumber> read_parameter(std::string_view cell) {
    const size_t space = cell.find(' ');
    TRY(const fhir::TypeNumber type, read_type(cell.substr(0, space)));
    const std::string_view code =
        space == std::string_view::npos ? std::string_view() : cell.substr(space + 1);
    const auto number = fhir::parameter_number(type, code);
    if (!number) {
      return fail(ErrorCode::kInvalid, fmt::format("found {}, expected a type and one of its "
                                                   "search parameters",
                                                   shown_in_policy(cell)));
    }
    return *number;
  }

  PolicyProblems& problems_;
  std::vector<PolicyCase> cases_;
  size_t number_ = 0;
};

std::string shown(const Decision& decision) {
  return fmt::format("{} by {}", decision.allow ? "allow" : "deny", decision.rule);
}

std::string_view either(bool value, std::string_view yes, std::string_view no) {
  return value ? yes : no;
}

// Runs cases one by one; each returns what is wrong, or nothing.
class CaseRunner {
 public:
  explicit CaseRunner(const Policy& policy) : policy_(policy) {}

  std::optional<std::string> operator()(const DecisionCase& asks) {
    const Scope scope = scope_of(asks.caller_words, asks.caller);
    const Decision decision = scope.decide(asks.place, asks.item);
    const Decision expected{asks.allow, asks.rule};
    if (decision == expected) {
      return std::nullopt;
    }
    return fmt::format("expected {}, was {}", shown(expected), shown(decision));
  }

  std::optional<std::string> operator()(const WindowCase& asks) const {
    const Window& window = policy_.windows()[static_cast<size_t>(asks.kind)];
    const bool live = asks.when == WindowCase::When::kStartsIn ? window.is_live_before(asks.days)
                                                               : window.is_live_after(asks.days);
    if (live == asks.live) {
      return std::nullopt;
    }
    return fmt::format("expected {}, was {}", either(asks.live, "live", "over"),
                       either(live, "live", "over"));
  }

  std::optional<std::string> operator()(const SearchCase& asks) {
    const bool allow = scope_of(asks.caller_words, asks.caller).may_search(asks.parameter);
    if (allow == asks.allow) {
      return std::nullopt;
    }
    return fmt::format("expected {}, was {}", either(asks.allow, "allow", "deny"),
                       either(allow, "allow", "deny"));
  }

 private:
  Scope scope_of(const std::string& words, const CallerInWords& caller) {
    const auto found = scopes_.find(words);
    if (found != scopes_.end()) {
      return found->second;
    }
    return scopes_.emplace(words, policy_.compile(caller.principal, caller.organisation))
        .first->second;
  }

  const Policy& policy_;
  std::map<std::string, Scope> scopes_;
};

}  // namespace

Result<std::vector<PolicyCase>> parse_policy_cases(std::string_view text,
                                                   std::string_view file_name) {
  if (text.size() > kPolicyCaseBytesMax) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("a case file of more than {} bytes", kPolicyCaseBytesMax));
  }
  PolicyProblems problems;
  CaseParser parser(problems);
  size_t number = 0;
  for (const std::string_view line : lines_of(text)) {
    if (++number > kPolicyCaseLinesMax) {
      problems.add(number, 1, fmt::format("more than {} lines", kPolicyCaseLinesMax));
      break;
    }
    if (line.size() > kPolicyCaseLineBytesMax) {
      problems.add(number, 1, fmt::format("a line over {} bytes", kPolicyCaseLineBytesMax));
      continue;
    }
    const size_t first = line.find_first_not_of(" \t");
    const bool is_row = first != std::string_view::npos && line[first] != '#';
    if (check_characters(line, number, problems) && is_row) {
      parser.read(line, number);
    }
  }
  TRY(problems.finish("case file", file_name));
  return parser.take();
}

std::vector<PolicyCaseFailure> run_policy_cases(const Policy& policy,
                                                std::span<const PolicyCase> cases,
                                                size_t failures_max) {
  std::vector<PolicyCaseFailure> failures;
  CaseRunner runner(policy);
  for (const PolicyCase& each : cases) {
    if (failures.size() == failures_max) {
      break;
    }
    if (auto wrong = std::visit(runner, each.asks)) {
      failures.push_back({each.line, each.question + ": " + *wrong});
    }
  }
  return failures;
}

}  // namespace continuum::access
