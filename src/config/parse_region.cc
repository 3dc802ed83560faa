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

// Longer than any word of ours.
constexpr size_t kWordComparedMax = 60;

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

// The value that `text` names in `table`; a word that is not there is noted, with the nearest.
template <typename Value, size_t kCount>
std::optional<Value> find_word(const PlacedText& text, std::string_view key,
                               const std::array<std::pair<Value, std::string_view>, kCount>& table,
                               Problems& problems) {
  std::array<std::string_view, kCount> names;
  for (size_t i = 0; i < kCount; ++i) {
    if (table[i].second == text.text) {
      return table[i].first;
    }
    names[i] = table[i].second;
  }
  // A word of any length costs a bounded comparison.
  const auto compared = std::string_view(text.text).substr(0, kWordComparedMax);
  problems.add(text.where, fmt::format("'{}': unknown {} {} (did you mean '{}'?)", key,
                                       key == "kinds" ? "kind" : key, shown(text.text),
                                       nearest_name(compared, names)));
  return std::nullopt;
}

constexpr std::array<std::pair<Mode, std::string_view>, 2> kModes{{
    {Mode::kLive, "live"},
    {Mode::kDemo, "demo"},
}};

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
    read_mode(reader);
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
    read_issuers(reader.tables("issuer"));
    for (const toml::table* each : reader.tables("operator")) {
      read_operator(*each);
    }
    if (const toml::table* erasure = reader.table("erasure")) {
      read_erasure(*erasure);
    }
    reader.refuse_unknown_keys();
    return std::move(region_);
  }

  Problems& problems() { return problems_; }

 private:
  void read_mode(TableReader& reader) {
    if (auto word = reader.text("mode", Presence::kOptional, kDisplayName)) {
      region_.mode = find_word(*word, "mode", kModes, problems_).value_or(Mode::kLive);
    }
  }

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
    if (auto word = reader.text("kind", Presence::kRequired, kDisplayName)) {
      organisation.kind = find_word(*word, "kind", kOrganisationKinds, problems_)
                              .value_or(OrganisationKind::kOther);
    }
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
    if (auto word = reader.text("structure", Presence::kOptional, kDisplayName)) {
      source.structure = find_word(*word, "structure", kStructureHandlings, problems_)
                             .value_or(StructureHandling::kRefuse);
    }
    reader.refuse_unknown_keys();
    region_.sources.push_back(std::move(source));
  }

  void read_issuers(const std::vector<const toml::table*>& tables) {
    for (size_t i = 0; i < tables.size(); ++i) {
      if (i == kIssuersMax) {
        problems_.add(TableReader(*tables[i], problems_).where(),
                      fmt::format("'issuer': expected at most {}", kIssuersMax));
        return;
      }
      read_issuer(*tables[i]);
    }
  }

  // Mode is known by then.
  void read_issuer(const toml::table& table) {
    TableReader reader(table, problems_);
    Issuer issuer;
    if (auto url = reader.text("url", Presence::kRequired, kIssuerUrl)) {
      refuse_duplicate(issuer_urls_, *url, "url", problems_);
      if (url->text.starts_with("http:") && region_.mode != Mode::kDemo) {
        problems_.add(url->where, "'url': an http issuer needs mode = \"demo\"");
      }
      issuer.url = std::move(url->text);
    }
    issuer.kinds = read_caller_kinds(reader);
    issuer.jwks_file = text_or_empty(reader.text("jwks_file", Presence::kOptional, kFilePath));
    reader.refuse_unknown_keys();
    region_.issuers.push_back(std::move(issuer));
  }

  std::vector<CallerKind> read_caller_kinds(TableReader& reader) {
    FirstSeen seen;
    std::vector<CallerKind> kinds;
    for (const PlacedText& word :
         reader.texts("kinds", "one or more of staff, citizen, system, operator")) {
      refuse_duplicate(seen, word, "kinds", problems_);
      if (auto kind = find_word(word, "kinds", kCallerKinds, problems_)) {
        kinds.push_back(*kind);
      }
    }
    return kinds;
  }

  void read_erasure(const toml::table& table) {
    TableReader reader(table, problems_);
    FirstSeen seen;
    for (PlacedText& role : reader.texts("roles", "one or more role codes")) {
      refuse_duplicate(seen, role, "roles", problems_);
      if (!kRoleCode.accepts(role.text)) {
        problems_.add(role.where, fmt::format("'roles': expected {}", kRoleCode.expected));
      }
      region_.erasure_roles.push_back(std::move(role.text));
    }
    reader.refuse_unknown_keys();
  }

  void read_operator(const toml::table& table) {
    TableReader reader(table, problems_);
    Operator each;
    if (auto client_id = reader.text("client_id", Presence::kRequired, kClientId)) {
      refuse_duplicate(client_ids_, *client_id, "client_id", problems_);
      each.client_id = std::move(client_id->text);
    }
    reader.refuse_unknown_keys();
    region_.operators.push_back(std::move(each));
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
  FirstSeen client_ids_;  // of sources and operators
  FirstSeen issuer_urls_;
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

std::string_view to_string(CallerKind kind) {
  for (const auto& [each, name] : kCallerKinds) {
    if (each == kind) {
      return name;
    }
  }
  CHECK(false);
}

std::string organisation_name(const Region& region, std::string_view ods_code) {
  for (const Organisation& organisation : region.organisations) {
    if (organisation.ods_code == ods_code) {
      return organisation.name;
    }
  }
  return std::string(ods_code);
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
