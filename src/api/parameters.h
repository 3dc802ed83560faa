// Query parameters of each interaction, from text to what services take. A parameter an interaction
// does not know is an error that names it and what is known: ignoring one could answer another
// question than was asked.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/limits.h"
#include "http/query.h"
#include "service/everything.h"
#include "service/find_patient.h"
#include "service/history.h"

namespace continuum::api {

using Parameters = std::vector<http::Parameter>;

// kInvalid: one that is not among `known` (nor _format), or one given twice.
Status check_known(const Parameters& parameters, std::span<const std::string_view> known);
// The value of a parameter checked to be there at most once.
std::optional<std::string_view> find(const Parameters& parameters, std::string_view name);
// As a query, by name, without the page token: the same question gives the same text.
std::string to_query(Parameters parameters);

// Nothing but _format.
Status read_plain(const Parameters& parameters);
Result<service::Identifier> read_identifier(const Parameters& parameters);
Result<service::EverythingQuery> read_everything(const Parameters& parameters, std::string_view id);
// The parameter patient, and those of a page.
Result<std::string> read_patient(const Parameters& parameters);
Result<service::HistoryQuery> read_history(const Parameters& parameters);
// _count and _page. A larger page than the limit is cut to it.
Result<service::PageRequest> read_page(const Parameters& parameters, const config::Limits& limits);

}  // namespace continuum::api
