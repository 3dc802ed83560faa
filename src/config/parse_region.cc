#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/check.h"
#include "config/nearest_name.h"
#include "config/region.h"
#include "config/toml_reader.h"

namespace continuum::config {
namespace {

// Where each value of something that must be unique was first seen.
using FirstSeen = std::map<std::string, toml::source_position>;

// Notes a second use of `value`, naming the line of the first.
void refuse_duplicate(FirstSeen& seen, const PlacedText& value, std::string_view key,
                      Problems& problems) {
  auto [first, inserted] = seen.emplace(value.text, value.where);
  if (!inserted) {
    problems.add(value.where, fmt::format("'{}': {} was already given on line {}", key,
                                          shown(value.text), first->second.line));
  }
}

std::optional<OrganisationKind> find_kind(std::string_view word) {
  for (const auto& [kind, name] : kOrganisationKinds) {
    if (name == word) {
      return kind;
    }
  }
  return std::nullopt;
}

std::string nearest_kind(std::string_view word) {
  std::array<std::string_view, kOrganisationKinds.size()> names;
  std::transform(kOrganisationKinds.begin(), kOrganisationKinds.end(), names.begin(),
                 [](const auto& each) { return each.second; });
  return std::string(nearest_name(word, names));
}

OrganisationKind read_kind(TableReader& reader, Problems& problems) {
  auto text = reader.text("kind", Presence::kRequired, kDisplayName);
  if (!text) {
    return OrganisationKind::kOther;
  }
  auto kind = find_kind(text->text);
  if (!kind) {
    problems.add(text->where, fmt::format("'kind': unknown kind {} (did you mean '{}'?)",
                                          shown(text->text), nearest_kind(text->text)));
  }
  return kind.value_or(OrganisationKind::kOther);
}

std::string text_or_empty(std::optional<PlacedText> text) {
  return text ? std::move(text->text) : std::string();
}

class RegionReader {
 public:
  Region read(const toml::table& root) {
    TableReader reader(root, problems_);
    region_.name = text_or_empty(reader.text("name", Presence::kRequired, kDisplayName));
    region_.base_url = text_or_empty(reader.text("base_url", Presence::kRequired, kFhirBaseUrl));
    region_.cache_mb =
        reader.number("cache_mb", kCacheMbMin, kCacheMbMax).value_or(region_.cache_mb);
    if (const toml::table* listen = reader.table("listen")) {
      read_listen(*listen);
    }
    if (const toml::table* limits = reader.table("limits")) {
      read_limits(*limits);
    }
    for (const toml::table* organisation : reader.tables("organisation")) {
      read_organisation(*organisation);
    }
    for (const toml::table* source : reader.tables("source")) {
      read_source(*source);
    }
    reader.refuse_unknown_keys();
    return std::move(region_);
  }

  Problems& problems() { return problems_; }

 private:
  void read_listen(const toml::table& table) {
    TableReader reader(table, problems_);
    if (auto address = reader.text("address", Presence::kOptional, kLoopbackAddress)) {
      region_.listen.address = std::move(address->text);
    }
    if (auto port = reader.number("port", 0, kPortMax)) {
      region_.listen.port = static_cast<uint16_t>(*port);
    }
    reader.refuse_unknown_keys();
  }

  void read_limits(const toml::table& table) {
    TableReader reader(table, problems_);
    for (const auto& field : kLimitFields) {
      uint64_t& member = region_.limits.*field.member;
      member = reader.number(field.key, field.min, field.max).value_or(member);
    }
    if (region_.limits.page_size > region_.limits.page_size_max) {
      problems_.add(reader.where(),
                    fmt::format("'page_size' {} is over 'page_size_max' {}",
                                region_.limits.page_size, region_.limits.page_size_max));
    }
    reader.refuse_unknown_keys();
  }

  void read_organisation(const toml::table& table) {
    TableReader reader(table, problems_);
    Organisation organisation;
    if (auto code = reader.text("ods_code", Presence::kRequired, kOdsCode)) {
      refuse_duplicate(ods_codes_, *code, "ods_code", problems_);
      organisation.ods_code = std::move(code->text);
    }
    organisation.name = text_or_empty(reader.text("name", Presence::kRequired, kDisplayName));
    organisation.kind = read_kind(reader, problems_);
    reader.refuse_unknown_keys();
    region_.organisations.push_back(std::move(organisation));
  }

  void read_source(const toml::table& table) {
    TableReader reader(table, problems_);
    Source source;
    if (auto name = reader.text("name", Presence::kRequired, kSourceName)) {
      refuse_duplicate(source_names_, *name, "name", problems_);
      source.name = std::move(name->text);
    }
    if (auto organisation = reader.text("organisation", Presence::kRequired, kOdsCode)) {
      refuse_unknown_organisation(*organisation);
      source.organisation = std::move(organisation->text);
    }
    if (auto client_id = reader.text("client_id", Presence::kOptional, kClientId)) {
      refuse_duplicate(client_ids_, *client_id, "client_id", problems_);
      source.client_id = std::move(client_id->text);
    }
    reader.refuse_unknown_keys();
    region_.sources.push_back(std::move(source));
  }

  void refuse_unknown_organisation(const PlacedText& code) {
    if (!ods_codes_.contains(code.text)) {
      problems_.add(
          code.where,
          fmt::format("'organisation': no [[organisation]] has the ODS code {}", shown(code.text)));
    }
  }

  Region region_;
  Problems problems_;
  FirstSeen ods_codes_;
  FirstSeen source_names_;
  FirstSeen client_ids_;
};

bool is_comment(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t");
  return first != std::string_view::npos && line[first] == '#';
}

// SAFETY: dotted keys nest without limit in toml++, and its tables are destroyed by recursion.
Status refuse_deep_keys(std::string_view text, std::string_view file_name) {
  size_t number = 1;
  for (size_t start = 0; start < text.size(); ++number) {
    const size_t end = std::min(text.find_first_of("\r\n", start), text.size());
    const std::string_view line = text.substr(start, end - start);
    const auto dots = static_cast<size_t>(std::count(line.begin(), line.end(), '.'));
    if (dots > kDotsPerLineMax && !is_comment(line)) {
      Problems problems;
      problems.add({static_cast<toml::source_index>(number), 1},
                   fmt::format("expected at most {} dots in a line", kDotsPerLineMax));
      return problems.finish(file_name);
    }
    start = end + (text.substr(end).starts_with("\r\n") ? 2 : 1);
  }
  return {};
}

Result<Region> refuse_syntax(const toml::parse_error& error, std::string_view file_name) {
  Problems problems;
  const toml::source_position where = error.source().begin;
  problems.add(where ? where : toml::source_position{1, 1}, std::string(error.description()));
  return fail(std::move(problems.finish(file_name)).error());
}

}  // namespace

std::string_view to_string(OrganisationKind kind) {
  for (const auto& [each, name] : kOrganisationKinds) {
    if (each == kind) {
      return name;
    }
  }
  CHECK(false);
}

Result<Region> parse_region(std::string_view text, std::string_view file_name) {
  if (text.size() > kRegionFileBytesMax) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("{} is over {} bytes", file_name, kRegionFileBytesMax));
  }
  TRY(refuse_deep_keys(text, file_name));
  const toml::parse_result parsed = toml::parse(text, file_name);
  if (!parsed) {
    return refuse_syntax(parsed.error(), file_name);
  }
  RegionReader reader;
  Region region = reader.read(parsed.table());
  TRY(reader.problems().finish(file_name));
  return region;
}

Result<Region> load_region(FileSystem& files, const std::string& path) {
  TRY(const std::string text, read_file(files, path, kRegionFileBytesMax));
  return parse_region(text, path);
}

}  // namespace continuum::config
