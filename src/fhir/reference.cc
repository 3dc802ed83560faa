#include "fhir/reference.h"

#include <algorithm>

namespace continuum::fhir {
namespace {

constexpr size_t kIdLengthMax = 64;
constexpr std::string_view kHistory = "/_history/";

bool is_id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.';
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

// Cuts "[/_history/version]" off `path`; false when what follows is no version.
bool take_version(std::string_view& path, std::string_view& version) {
  size_t at = path.rfind(kHistory);
  if (at == std::string_view::npos) {
    return true;
  }
  version = path.substr(at + kHistory.size());
  path = path.substr(0, at);
  return is_valid_id(version);
}

// "Type/id" exactly.
bool take_type_and_id(std::string_view path, ParsedReference& out) {
  size_t slash = path.find('/');
  if (slash == std::string_view::npos) {
    return false;
  }
  out.type = type_number(path.substr(0, slash));
  out.id = path.substr(slash + 1);
  return out.type.has_value() && is_valid_id(out.id);
}

bool parse_relative(std::string_view text, ParsedReference& out) {
  out.kind = ReferenceKind::kRelative;
  return take_version(text, out.version) && take_type_and_id(text, out);
}

// `base` is what was cut off: scheme and host are at least there.
bool parse_absolute(std::string_view text, std::string_view after_scheme, ParsedReference& out) {
  out.kind = ReferenceKind::kAbsolute;
  std::string_view path = text;
  if (!take_version(path, out.version)) {
    return false;
  }
  size_t id_slash = path.rfind('/');
  size_t type_slash = id_slash == 0 ? id_slash : path.rfind('/', id_slash - 1);
  auto scheme_size = static_cast<size_t>(after_scheme.data() - text.data());
  if (type_slash == std::string_view::npos || type_slash <= scheme_size) {
    return false;
  }
  out.base = path.substr(0, type_slash);
  return take_type_and_id(path.substr(type_slash + 1), out);
}

bool parse_conditional(std::string_view text, size_t question, ParsedReference& out) {
  out.kind = ReferenceKind::kConditional;
  out.type = type_number(text.substr(0, question));
  out.query = text.substr(question + 1);
  return out.type.has_value() && !out.query.empty();
}

bool parse_contained(std::string_view fragment, ParsedReference& out) {
  out.kind = ReferenceKind::kContained;
  out.id = fragment;
  return fragment.empty() || is_valid_id(fragment);
}

bool parse_urn(std::string_view rest, ParsedReference& out) {
  out.kind = ReferenceKind::kUrn;
  out.id = rest;
  return !rest.empty();
}

bool parse_any(std::string_view text, ParsedReference& out) {
  std::string_view rest = text;
  if (take_prefix(rest, "#")) {
    return parse_contained(rest, out);
  }
  if (take_prefix(rest, "urn:uuid:") || take_prefix(rest, "urn:oid:")) {
    return parse_urn(rest, out);
  }
  if (take_prefix(rest, "http://") || take_prefix(rest, "https://")) {
    return parse_absolute(text, rest, out);
  }
  size_t question = text.find('?');
  return question == std::string_view::npos ? parse_relative(text, out)
                                            : parse_conditional(text, question, out);
}

}  // namespace

bool is_valid_id(std::string_view id) {
  return !id.empty() && id.size() <= kIdLengthMax &&
         std::all_of(id.begin(), id.end(), is_id_character);
}

ParsedReference parse_reference(std::string_view text) {
  ParsedReference out;
  if (!parse_any(text, out)) {
    out = {};
  }
  out.text = text;
  return out;
}

}  // namespace continuum::fhir
