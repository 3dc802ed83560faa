#include "api/parameters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "fhir/date.h"
#include "service/page_token.h"

namespace continuum::api {
namespace {

constexpr std::string_view kFormat = "_format";
constexpr std::string_view kNewestFirst = "-_lastUpdated";
constexpr std::string_view kOldestFirst = "_lastUpdated";
constexpr std::string_view kAsOfTPrefix = "t:";
constexpr std::array<std::string_view, 1> kIdentifierParameters{"identifier"};
constexpr std::array<std::string_view, 5> kHistoryParameters{"_since", "_at", "_sort", "_count",
                                                             service::kPageParameter};
constexpr std::array<std::string_view, 7> kEverythingParameters{
    "_type", "_since", "start", "end", "_count", "_asOf", service::kPageParameter};

tl::unexpected<Error> wrong_value(std::string_view name, std::string expected) {
  return fail(ErrorCode::kInvalid, "a parameter has a value that is not understood",
              {{std::string(name), std::move(expected)}});
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  bool whole = end.ec == std::errc() && end.ptr == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

Result<std::vector<fhir::TypeNumber>> parse_types(std::string_view text) {
  std::vector<fhir::TypeNumber> types;
  while (true) {
    size_t comma = text.find(',');
    auto type = fhir::type_number(text.substr(0, comma));
    if (!type) {
      return wrong_value("_type", "expected FHIR R4 resource types with commas between");
    }
    types.push_back(*type);
    if (comma == std::string_view::npos) {
      return types;
    }
    text.remove_prefix(comma + 1);
  }
}

Result<std::optional<Instant>> read_since(const Parameters& parameters) {
  auto text = find(parameters, "_since");
  if (!text) {
    return std::optional<Instant>();
  }
  auto instant = parse_fhir_instant(*text);
  if (!instant) {
    return wrong_value("_since", "expected an instant (2026-11-22T07:49:00Z)");
  }
  return std::optional<Instant>(*instant);
}

Status read_period(const Parameters& parameters, service::EverythingQuery& query) {
  constexpr const char* kExpected = "expected a date: YYYY, YYYY-MM or YYYY-MM-DD";
  if (auto text = find(parameters, "start")) {
    auto range = fhir::parse_date(*text);
    if (!range) {
      return wrong_value("start", kExpected);
    }
    query.from = range->low;
  }
  if (auto text = find(parameters, "end")) {
    auto range = fhir::parse_date(*text);
    if (!range) {
      return wrong_value("end", kExpected);
    }
    query.before = range->high;
  }
  if (query.from && query.before && *query.from >= *query.before) {
    return wrong_value("end", "expected a date not before start");
  }
  return {};
}

Status read_as_of(const Parameters& parameters, service::EverythingQuery& query) {
  auto text = find(parameters, "_asOf");
  if (!text) {
    return {};
  }
  if (text->starts_with(kAsOfTPrefix)) {
    if (auto t = parse_number<record::T>(text->substr(kAsOfTPrefix.size()))) {
      query.as_of = *t;
      return {};
    }
  } else if (auto instant = parse_fhir_instant(*text)) {
    query.as_of = *instant;
    return {};
  }
  return wrong_value("_asOf",
                     "expected an instant (2026-11-22T07:49:00Z) or a commit number (t:123)");
}

}  // namespace

Status check_known(const Parameters& parameters, std::span<const std::string_view> known) {
  for (size_t i = 0; i < parameters.size(); ++i) {
    const std::string& name = parameters[i].name;
    if (name != kFormat && std::find(known.begin(), known.end(), name) == known.end()) {
      return fail(ErrorCode::kUnsupported, "a parameter is not supported here",
                  {{name, known.empty() ? "supported: _format"
                                        : fmt::format("supported: {}, {}", fmt::join(known, ", "),
                                                      kFormat)}});
    }
    for (size_t earlier = 0; earlier < i; ++earlier) {
      if (parameters[earlier].name == name) {
        return fail(ErrorCode::kInvalid, "a parameter is given twice", {{name, "expected once"}});
      }
    }
  }
  return {};
}

std::optional<std::string_view> find(const Parameters& parameters, std::string_view name) {
  for (const http::Parameter& parameter : parameters) {
    if (parameter.name == name) {
      return parameter.value;
    }
  }
  return std::nullopt;
}

std::string to_query(Parameters parameters) {
  std::sort(parameters.begin(), parameters.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  std::string out;
  for (const http::Parameter& parameter : parameters) {
    if (parameter.name == service::kPageParameter) {
      continue;
    }
    out += out.empty() ? "" : "&";
    out += http::percent_encode(parameter.name) + '=' + http::percent_encode(parameter.value);
  }
  return out;
}

Status read_plain(const Parameters& parameters) {
  return check_known(parameters, {});
}

Result<service::Identifier> read_identifier(const Parameters& parameters) {
  TRY(check_known(parameters, kIdentifierParameters));
  std::string_view text = find(parameters, "identifier").value_or("");
  size_t bar = text.find('|');
  if (bar == std::string_view::npos || bar == 0 || bar + 1 == text.size() ||
      text.find_first_of(",\\", 0) != std::string_view::npos ||
      text.find('|', bar + 1) != std::string_view::npos) {
    return fail(ErrorCode::kUnsupported, "this search is not supported",
                {{"identifier", "supported: exactly one, as system|value with both given"}});
  }
  return service::Identifier{std::string(text.substr(0, bar)), std::string(text.substr(bar + 1))};
}

Result<service::EverythingQuery> read_everything(const Parameters& parameters,
                                                 std::string_view id) {
  TRY(check_known(parameters, kEverythingParameters));
  service::EverythingQuery query;
  query.patient = id;
  if (auto text = find(parameters, "_type")) {
    TRY(query.types, parse_types(*text));
  }
  TRY(query.since, read_since(parameters));
  TRY(read_period(parameters, query));
  TRY(read_as_of(parameters, query));
  return query;
}

Result<std::string> read_patient(const Parameters& parameters) {
  constexpr std::string_view kKnown[] = {"patient", "_count", service::kPageParameter};
  TRY(check_known(parameters, kKnown));
  auto patient = find(parameters, "patient");
  if (!patient || patient->empty()) {
    return fail(ErrorCode::kUnsupported, "this search is not supported",
                {{"patient", "supported: exactly one, as an id or Patient/id"}});
  }
  return std::string(*patient);
}

Result<service::HistoryQuery> read_history(const Parameters& parameters) {
  TRY(check_known(parameters, kHistoryParameters));
  service::HistoryQuery query;
  TRY(query.since, read_since(parameters));
  if (auto text = find(parameters, "_at")) {
    query.at = fhir::parse_date(*text);
    if (!query.at) {
      return wrong_value("_at",
                         "expected an instant or a period: 2026-11-22T07:49:00Z, 2026-11-22, "
                         "2026-11 or 2026");
    }
  }
  if (auto text = find(parameters, "_sort")) {
    if (*text != kNewestFirst && *text != kOldestFirst) {
      return wrong_value("_sort", fmt::format("expected {}, for the newest first, or {}",
                                              kNewestFirst, kOldestFirst));
    }
    query.order = *text == kOldestFirst ? record::Order::kOldestFirst : record::Order::kNewestFirst;
  }
  return query;
}

Result<service::PageRequest> read_page(const Parameters& parameters, const config::Limits& limits) {
  service::PageRequest page;
  if (auto text = find(parameters, "_count")) {
    auto count = parse_number<uint64_t>(*text);
    if (!count) {
      return wrong_value("_count", "expected a whole number, 0 or more");
    }
    page.size = static_cast<uint32_t>(std::min(*count, limits.page_size_max));
  }
  if (auto text = find(parameters, service::kPageParameter)) {
    page.token = std::string(*text);
  }
  return page;
}

}  // namespace continuum::api
