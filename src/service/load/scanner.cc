#include "service/load/scanner.h"

#include <algorithm>
#include <unordered_set>

#include "base/bytes.h"
#include "base/instant.h"
#include "crypto/digest.h"
#include "fhir/home.h"
#include "fhir/reference.h"
#include "http/query.h"
#include "json/writer.h"
#include "record/limits.h"

namespace continuum::service {
namespace {

// A regional reference, "Type/<regional id>", is at most this long.
constexpr size_t kReferenceBytesMax = 64;
// What canonical form adds besides: id, and meta with the source.
constexpr size_t kCanonicalExtraMax = 1024;

tl::unexpected<Error> invalid(std::string message, std::string where, std::string what) {
  return fail(ErrorCode::kInvalid, std::move(message), {{std::move(where), std::move(what)}});
}

// "urn:uuid:1-2" names the resource that elsewhere has the id 1-2. Any other fullUrl is a name as a
// whole: the id at the end of a URL counts on that server only, and ours may be another person's.
std::string_view id_in_url(std::string_view full_url) {
  fhir::ParsedReference url = fhir::parse_reference(full_url);
  bool is_uuid = url.kind == fhir::ReferenceKind::kUrn && full_url.starts_with("urn:uuid:");
  return is_uuid && fhir::is_valid_id(url.id) ? url.id : full_url;
}

size_t count_of(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

// Whether the canonical form might be over the limit, whatever its references become. Said here,
// where a whole unit can still be refused.
bool is_too_large(std::string_view text, const json::Node& root) {
  if (text.size() < record::kBodyBytesMax / 4) {
    return false;
  }
  std::string compact = json::write(root);
  size_t references = count_of(compact, "\"reference\":") + count_of(compact, "\"url\":");
  return compact.size() + references * kReferenceBytesMax + kCanonicalExtraMax >
         record::kBodyBytesMax;
}

// Without "/_history/version".
std::string_view without_version(const fhir::ParsedReference& reference) {
  constexpr std::string_view kHistory = "/_history/";
  return reference.version.empty()
             ? reference.text
             : reference.text.substr(
                   0, reference.text.size() - reference.version.size() - kHistory.size());
}

std::optional<int64_t> micros_of(std::string_view instant) {
  auto parsed = parse_fhir_instant(instant);
  return parsed ? std::optional<int64_t>(parsed->micros) : std::nullopt;
}

Status check_shape(const json::Node& root) {
  const json::Node* meta = root.find("meta");
  if (meta != nullptr && !meta->is_object()) {
    return invalid("meta is not an object", "meta", "expected an object");
  }
  const json::Node* extension = meta == nullptr ? nullptr : meta->find("extension");
  if (extension != nullptr && !extension->is_array()) {
    return invalid("meta.extension is not an array", "meta.extension", "expected an array");
  }
  return {};
}

}  // namespace

std::string criteria_text(const IdentifierCriteria& criteria) {
  return std::string(fhir::type_name(criteria.type)) + "?identifier=" + criteria.system + "|" +
         criteria.value;
}

std::optional<IdentifierCriteria> parse_identifier_criteria(fhir::TypeNumber type,
                                                            std::string_view query) {
  size_t mark = query.find('?');
  if (mark != std::string_view::npos) {
    query.remove_prefix(mark + 1);
  }
  auto parameters = http::parse_query(query);
  if (!parameters || parameters->size() != 1 || parameters->front().name != "identifier") {
    return std::nullopt;
  }
  const std::string& value = parameters->front().value;
  size_t bar = value.find('|');
  if (bar == std::string::npos || bar == 0 || bar + 1 == value.size() ||
      value.find(',') != std::string::npos) {
    return std::nullopt;
  }
  return IdentifierCriteria{type, value.substr(0, bar), value.substr(bar + 1)};
}

Result<Described> describe(const Entry& entry, const json::Node& root) {
  if (!root.is_object()) {
    return invalid("a resource must be a JSON object", "", "expected an object");
  }
  std::string_view type_text = root.string("resourceType");
  auto type = fhir::type_number(type_text);
  if (!type) {
    return invalid(
        type_text.empty() ? "there is no resourceType" : "resourceType is not a type of FHIR R4",
        "resourceType", "expected the name of an R4 resource type");
  }
  TRY(check_shape(root));
  Described out;
  out.type = *type;
  const json::Node* id = root.find("id");
  if (id != nullptr) {
    if (!id->is_string() || !fhir::is_valid_id(id->text)) {
      return invalid("the resource's id is not a FHIR id", "id",
                     "expected 1 to 64 of A-Z a-z 0-9 - .");
    }
    out.own_id = id->text;
  } else if (!entry.full_url.empty()) {
    out.own_id = id_in_url(entry.full_url);
  } else {
    out.own_id = "sha256:" + to_hex(crypto::view(crypto::sha256(json::write(root))).substr(0, 16));
  }
  if (entry.action == EntryAction::kStore && !entry.target.empty() &&
      entry.target != std::string(type_text) + "/" + out.own_id) {
    return invalid("the entry's PUT url and its resource name different resources", "request.url",
                   "expected the resource's own type and id");
  }
  return out;
}

uint64_t Scanner::content_of(const Entry& entry) {
  uint64_t action = static_cast<uint64_t>(entry.action);
  return std::hash<std::string_view>{}(entry.resource) + action;
}

UnitScan Scanner::scan(const Parts& parts, uint32_t file, uint32_t line) {
  UnitScan out;
  out.occurrences.resize(parts.entries.size());
  for (uint32_t i = 0; i < parts.entries.size(); ++i) {
    const Entry& entry = parts.entries[i];
    Status scanned = scan_entry(entry, i, out);
    if (!scanned) {
      out.occurrences[i].fate = Fate::kRefused;
      std::string type;
      if (document_.root() != nullptr && entry.action == EntryAction::kStore &&
          fhir::type_number(document_.root()->string("resourceType"))) {
        type = document_.root()->string("resourceType");
      }
      out.refusals.push_back({file, line, entry.number, std::move(type), scanned.error()});
    }
  }
  if (parts.atomic && !out.refusals.empty()) {
    std::string because = "entry " + std::to_string(out.refusals.front().entry) +
                          " was refused, and a transaction, message or document is taken whole";
    for (uint32_t i = 0; i < parts.entries.size(); ++i) {
      Occurrence& occurrence = out.occurrences[i];
      if (occurrence.fate == Fate::kStore || occurrence.fate == Fate::kDelete) {
        occurrence.fate = Fate::kRefused;
        out.refusals.push_back({file, line, parts.entries[i].number,
                                std::string(fhir::type_name(occurrence.type)),
                                Error{ErrorCode::kConflict, because}});
      }
    }
    out.aliases.clear();
    out.conditions.clear();
    out.more_hints.clear();
    out.several.clear();
    out.patients.clear();
  }
  return out;
}

Status Scanner::scan_entry(const Entry& entry, uint32_t index, UnitScan& out) {
  Occurrence& occurrence = out.occurrences[index];
  occurrence.content = content_of(entry);
  document_.clear();
  if (entry.action == EntryAction::kRefuse) {
    return entry.status;
  }
  if (entry.action == EntryAction::kSkip) {
    return {};
  }
  if (entry.action == EntryAction::kDelete) {
    fhir::ParsedReference target = fhir::parse_reference(entry.target);
    occurrence.type = *target.type;
    occurrence.identity = minter_.hash(source_, *target.type, target.id);
    occurrence.updated = micros_of(entry.last_modified).value_or(INT64_MIN);
    occurrence.fate = Fate::kDelete;
    return {};
  }
  TRY(document_.parse(entry.resource));
  const json::Node& root = *document_.root();
  TRY(Described described, describe(entry, root));
  occurrence.type = described.type;
  occurrence.identity = minter_.hash(source_, described.type, described.own_id);
  if (is_too_large(entry.resource, root)) {
    return fail(ErrorCode::kTooLarge,
                "the resource is larger than " + std::to_string(record::kBodyBytesMax) + " bytes");
  }
  const json::Node* meta = root.find("meta");
  auto updated = meta == nullptr ? std::nullopt : micros_of(meta->string("lastUpdated"));
  updated = updated ? updated : micros_of(entry.last_modified);
  occurrence.updated = updated.value_or(INT64_MIN);
  if (!entry.if_none_exist.empty()) {
    auto criteria = parse_identifier_criteria(described.type, entry.if_none_exist);
    if (!criteria) {
      return fail(ErrorCode::kUnsupported,
                  "ifNoneExist is understood only as identifier=system|value");
    }
    out.aliases.push_back({minter_.alias(source_, criteria_text(*criteria)), index});
    out.conditions.push_back({index, std::move(*criteria)});
    occurrence.conditional = true;
  }
  if (described.type == fhir::kPatientType) {
    out.patients.push_back({index, described.own_id, identity::person_facts(root)});
  }
  occurrence.fate = Fate::kStore;
  add_aliases(entry, root, index, out);
  add_home_hint(root, index, out);
  return {};
}

// Names others may use for this resource: its identity, its fullUrl, its identifiers.
void Scanner::add_aliases(const Entry& entry, const json::Node& root, uint32_t index,
                          UnitScan& out) {
  const Occurrence& occurrence = out.occurrences[index];
  if (!entry.full_url.empty()) {
    out.aliases.push_back({minter_.alias(source_, entry.full_url), index});
  }
  const json::Node* identifiers = root.find("identifier");
  if (identifiers == nullptr) {
    return;
  }
  auto add = [&](const json::Node& identifier) {
    std::string_view system = identifier.string("system");
    std::string_view value = identifier.string("value");
    if (!system.empty() && !value.empty()) {
      IdentifierCriteria criteria{occurrence.type, std::string(system), std::string(value)};
      out.aliases.push_back({minter_.alias(source_, criteria_text(criteria)), index});
    }
  };
  if (identifiers->is_array()) {
    for (const json::Node& identifier : children(*identifiers)) {
      add(identifier);
    }
  } else {
    add(*identifiers);
  }
}

// SAFETY: only the first candidate counts (fhir/home.h): a later one may name somebody else. But a
// URN doesn't say what it names: when that turns out to be for everyone, the next one counts.
void Scanner::add_home_hint(const json::Node& root, uint32_t index, UnitScan& out) {
  Occurrence& occurrence = out.occurrences[index];
  bool decided = false;
  std::string_view first;
  bool has_several = false;
  fhir::patient_candidates(occurrence.type, root, [&](std::string_view reference) {
    bool is_first = !occurrence.names_somebody;
    occurrence.names_somebody = true;
    first = is_first ? reference : first;
    has_several = has_several || reference != first;
    fhir::ParsedReference parsed = fhir::parse_reference(reference);
    if (decided) {
      return;
    }
    decided = parsed.kind != fhir::ReferenceKind::kUrn;
    std::optional<HomeHint> hint = home_hint(parsed);
    if (parsed.kind == fhir::ReferenceKind::kConditional) {
      auto criteria = parse_identifier_criteria(*parsed.type, parsed.query);
      if (is_first && criteria) {
        hint = HomeHint{minter_.alias(source_, criteria_text(*criteria))};
        out.conditions.push_back({index, std::move(*criteria), true});
      }
    }
    if (hint && is_first) {
      occurrence.home_hint = *hint;
      occurrence.has_hint = true;
    } else if (hint && occurrence.has_hint) {
      out.more_hints.push_back({index, *hint});
    }
  });
  if (has_several) {
    add_several(root, index, out);
  }
}

void Scanner::add_several(const json::Node& root, uint32_t index, UnitScan& out) {
  std::unordered_set<std::string> texts;
  UnitScan::Several several{index, {}};
  fhir::patient_candidates(out.occurrences[index].type, root, [&](std::string_view reference) {
    fhir::ParsedReference parsed = fhir::parse_reference(reference);
    bool may_be_patient = !parsed.type || *parsed.type == fhir::kPatientType;
    if (!may_be_patient || !texts.emplace(reference).second) {
      return;
    }
    auto criteria = parsed.kind == fhir::ReferenceKind::kConditional
                        ? parse_identifier_criteria(fhir::kPatientType, parsed.query)
                        : std::nullopt;
    auto hint =
        criteria ? HomeHint{minter_.alias(source_, criteria_text(*criteria))} : home_hint(parsed);
    if (hint) {
      several.names.push_back(*hint);
    }
  });
  if (several.names.size() > 1) {
    out.several.push_back(std::move(several));
  }
}

std::optional<HomeHint> Scanner::home_hint(const fhir::ParsedReference& reference) {
  switch (reference.kind) {
    case fhir::ReferenceKind::kRelative:
      return HomeHint{minter_.hash(source_, *reference.type, reference.id), *reference.type, true};
    case fhir::ReferenceKind::kUrn:
    case fhir::ReferenceKind::kAbsolute:
      return HomeHint{minter_.alias(source_, without_version(reference))};
    default:
      return std::nullopt;
  }
}

}  // namespace continuum::service
