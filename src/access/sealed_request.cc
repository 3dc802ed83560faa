// The inside of a request entry's seal: JSON (docs/ledger_format.md section 1).
#include <fmt/format.h>

#include "access/door.h"
#include "access/limits.h"
#include "base/bytes.h"
#include "json/document.h"
#include "json/writer.h"

#include <charconv>

namespace continuum::access {
namespace {

constexpr std::string_view kBase64Prefix = "base64:";
constexpr std::string_view kDigestPrefix = "sha256:";
constexpr size_t kOrdDigits = 12;

struct TextMember {
  std::string_view name;
  std::string Principal::*member;
};
constexpr TextMember kTexts[] = {{"issuer", &Principal::issuer},
                                 {"subject", &Principal::subject},
                                 {"client_id", &Principal::client_id},
                                 {"role_id", &Principal::role_id},
                                 {"organisation", &Principal::organisation},
                                 {"nhs_number", &Principal::nhs_number},
                                 {"birth_date", &Principal::birth_date},
                                 {"source", &Principal::source},
                                 {"purpose", &Principal::purpose}};

struct ListMember {
  std::string_view name;
  std::vector<std::string> Principal::*member;
};
constexpr ListMember kLists[] = {{"role_codes", &Principal::role_codes},
                                 {"activities", &Principal::activities},
                                 {"workgroups", &Principal::workgroups}};

void add_name(std::string_view name, std::string& out) {
  if (out.back() != '{') {
    out += ',';
  }
  json::write_string(name, out);
  out += ':';
}

void add_text(std::string_view name, std::string_view text, std::string& out) {
  if (!text.empty()) {
    add_name(name, out);
    json::write_string(text, out);
  }
}

// What is no text is kept as base64, what is too long as its digest: an entry has its bounds, and
// what was asked must never keep a request out of the ledger.
std::string kept(const std::string& text, size_t bytes_max) {
  bool is_plain =
      is_utf8(text) && !text.starts_with(kBase64Prefix) && !text.starts_with(kDigestPrefix);
  std::string safe = is_plain ? text : std::string(kBase64Prefix) + to_base64(text);
  std::string written;
  json::write_string(safe, written);
  return written.size() <= bytes_max + 2
             ? safe
             : std::string(kDigestPrefix) + to_hex(crypto::view(crypto::sha256(text)));
}

Result<std::string> read_kept(std::string_view text) {
  if (text.starts_with(kBase64Prefix)) {
    return from_base64(text.substr(kBase64Prefix.size()));
  }
  return std::string(text);
}

void add_principal(const Principal& principal, std::string& out) {
  add_name("principal", out);
  out += '{';
  add_text("kind", to_string(principal.kind), out);
  for (const TextMember& text : kTexts) {
    add_text(text.name, principal.*text.member, out);
  }
  for (const ListMember& list : kLists) {
    if ((principal.*list.member).empty()) {
      continue;
    }
    add_name(list.name, out);
    out += '[';
    for (const std::string& word : principal.*list.member) {
      out += out.back() == '[' ? "" : ",";
      json::write_string(word, out);
    }
    out += ']';
  }
  out += '}';
}

tl::unexpected<Error> malformed() {
  return fail(ErrorCode::kCorrupt, "the sealed part of a request entry has the wrong shape");
}

Result<Principal> read_principal(const json::Node* node) {
  if (node == nullptr) {
    return malformed();
  }
  Principal principal;
  auto kind = parse_principal_kind(node->string("kind"));
  if (!kind) {
    return malformed();
  }
  principal.kind = *kind;
  for (const TextMember& text : kTexts) {
    principal.*text.member = node->string(text.name);
  }
  for (const ListMember& list : kLists) {
    if (const json::Node* words = node->find(list.name)) {
      for (const json::Node& word : json::children(*words)) {
        (principal.*list.member).emplace_back(word.text);
      }
    }
  }
  return principal;
}

}  // namespace

std::string encode_sealed_request(const Principal& principal, const Request& request,
                                  std::span<const uint64_t> patients) {
  std::string out = "{";
  add_principal(principal, out);
  add_text("interaction", request.interaction, out);
  add_text("method", request.method, out);
  add_text("path", kept(request.path, kPathBytesMax), out);
  add_text("query", kept(request.query, kQueryBytesMax), out);
  add_text("form", kept(request.form, kFormBytesMax), out);
  if (!request.fields.empty()) {
    add_name("fields", out);
    out += '{';
    for (const auto& [name, value] : request.fields) {
      add_text(name, kept(value, kFieldBytesMax), out);
    }
    out += '}';
  }
  add_name("patients", out);
  out += '[';
  // Of one width, so that nobody is as long as somebody. Of very many none is listed: each is found
  // from the other side, by person.
  if (patients.size() <= kPatientsListedMax) {
    for (uint64_t patient : patients) {
      out += out.back() == '[' ? "\"" : ",\"";
      out += fmt::format("{:0{}x}\"", patient, kOrdDigits);
    }
  }
  return out + "]}";
}

Result<SealedRequest> decode_sealed_request(std::string_view json) {
  json::Document document;
  TRY(document.parse(json));
  const json::Node& root = *document.root();
  SealedRequest out;
  TRY(out.principal, read_principal(root.find("principal")));
  out.request.interaction = root.string("interaction");
  out.request.method = root.string("method");
  TRY(out.request.path, read_kept(root.string("path")));
  TRY(out.request.query, read_kept(root.string("query")));
  TRY(out.request.form, read_kept(root.string("form")));
  if (const json::Node* fields = root.find("fields")) {
    for (const json::Node& field : json::children(*fields)) {
      TRY(std::string value, read_kept(field.text));
      out.request.fields.emplace_back(field.key, std::move(value));
    }
  }
  const json::Node* patients = root.find("patients");
  if (patients == nullptr) {
    return malformed();
  }
  for (const json::Node& patient : json::children(*patients)) {
    uint64_t ord = 0;
    constexpr int kHexadecimal = 16;
    const char* text_end = patient.text.data() + patient.text.size();
    auto end = std::from_chars(patient.text.data(), text_end, ord, kHexadecimal);
    if (end.ec != std::errc()) {
      return malformed();
    }
    out.patients.push_back(ord);
  }
  return out;
}

}  // namespace continuum::access
