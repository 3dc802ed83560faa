#include <fmt/format.h>

#include "config/region.h"

namespace continuum::config {
namespace {

// A TOML basic string: quotes, backslashes and control characters escaped.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\u{:04X}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

void write_limits(const Limits& limits, std::string& out) {
  out += "\n[limits]\n";
  for (const auto& field : kLimitFields) {
    out += fmt::format("{} = {}\n", field.key, limits.*field.member);
  }
}

void write_organisation(const Organisation& organisation, std::string& out) {
  out += fmt::format("\n[[organisation]]\nods_code = {}\nname = {}\nkind = {}\n",
                     quoted(organisation.ods_code), quoted(organisation.name),
                     quoted(to_string(organisation.kind)));
}

void write_source(const Source& source, std::string& out) {
  out += fmt::format("\n[[source]]\nname = {}\norganisation = {}\n", quoted(source.name),
                     quoted(source.organisation));
  if (!source.client_id.empty()) {
    out += fmt::format("client_id = {}\n", quoted(source.client_id));
  }
  if (source.structure == StructureHandling::kMark) {
    out += "structure = \"mark\"\n";
  }
}

void write_issuer(const Issuer& issuer, std::string& out) {
  std::string kinds;
  for (const CallerKind kind : issuer.kinds) {
    kinds += (kinds.empty() ? "" : ", ") + quoted(to_string(kind));
  }
  out += fmt::format("\n[[issuer]]\nurl = {}\nkinds = [{}]\n", quoted(issuer.url), kinds);
  if (!issuer.jwks_file.empty()) {
    out += fmt::format("jwks_file = {}\n", quoted(issuer.jwks_file));
  }
}

}  // namespace

std::string to_toml(const Region& region) {
  std::string out = fmt::format("name = {}\nbase_url = {}\ncache_mb = {}\n", quoted(region.name),
                                quoted(region.base_url), region.cache_mb);
  if (region.mode == Mode::kDemo) {
    out += "mode = \"demo\"\n";
  }
  out += fmt::format("\n[listen]\naddress = {}\nport = {}\n", quoted(region.listen.address),
                     region.listen.port);
  write_limits(region.limits, out);
  for (const Organisation& organisation : region.organisations) {
    write_organisation(organisation, out);
  }
  for (const Source& source : region.sources) {
    write_source(source, out);
  }
  for (const Issuer& issuer : region.issuers) {
    write_issuer(issuer, out);
  }
  for (const Operator& each : region.operators) {
    out += fmt::format("\n[[operator]]\nclient_id = {}\n", quoted(each.client_id));
  }
  if (!region.erasure_roles.empty()) {
    out += "\n[erasure]\nroles = [";
    for (const std::string& role : region.erasure_roles) {
      out += (out.back() == '[' ? "" : ", ") + quoted(role);
    }
    out += "]\n";
  }
  return out;
}

}  // namespace continuum::config
