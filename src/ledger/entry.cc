#include "ledger/entry.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "ledger/limits.h"

namespace continuum::ledger {
namespace {

constexpr uint8_t kFormat = 1;
constexpr size_t kPadding = 256;
enum class Kind : uint8_t { kRequest = 1, kPerson = 2, kCommand = 3, kPolicy = 4 };

// ---- Writing

std::string start(Kind kind) {
  std::string out;
  put_u8(out, kFormat);
  put_u8(out, static_cast<uint8_t>(kind));
  return out;
}

template <size_t size>
void put_array(std::string& out, const std::array<uint8_t, size>& bytes) {
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void put_instant(std::string& out, Instant instant) {
  put_u64(out, static_cast<uint64_t>(instant.micros));
}

void put_text(std::string& out, std::string_view text) {
  CHECK(is_utf8(text));
  put_length_prefixed(out, text);
}

Result<std::string> bounded(std::string entry) {
  if (entry.size() > kEntryBytesMax) {
    return fail(ErrorCode::kTooLarge, "an entry of the ledger would be over 65,535 bytes");
  }
  return entry;
}

// ---- Reading

tl::unexpected<Error> malformed() {
  return fail(ErrorCode::kCorrupt, "not an entry of the ledger");
}

// After the first field that is not as it must be, every read fails.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : reader_(bytes) {}

  Result<uint8_t> u8() { return reader_.u8(); }
  Result<uint16_t> u16() { return reader_.u16(); }
  Result<uint64_t> u48() { return reader_.u48(); }
  Result<uint64_t> u64() { return reader_.u64(); }
  std::string_view rest() const { return reader_.rest(); }

  // In its shortest form: one value has one spelling.
  Result<uint64_t> varint() {
    const std::string_view before = reader_.rest();
    TRY(const uint64_t value, reader_.varint());
    const size_t width = before.size() - reader_.rest().size();
    if (width > 1 && before[width - 1] == '\0') {
      return malformed();
    }
    return value;
  }
  Result<std::string> bytes() {
    TRY(const uint64_t size, varint());
    TRY(const std::string_view bytes, reader_.take(size));
    return std::string(bytes);
  }
  Result<std::string> text() {
    TRY(std::string text, bytes());
    if (!is_utf8(text)) {
      return malformed();
    }
    return text;
  }
  Result<Instant> instant() {
    TRY(const uint64_t micros, reader_.u64());
    return Instant{static_cast<int64_t>(micros)};
  }
  template <typename Array>
  Result<Array> array() {
    Array out{};
    TRY(const std::string_view bytes, reader_.take(out.size()));
    std::transform(bytes.begin(), bytes.end(), out.begin(),
                   [](char c) { return static_cast<uint8_t>(c); });
    return out;
  }

 private:
  ByteReader reader_;
};

Result<PrincipalKind> read_principal_kind(Fields& in) {
  TRY(const uint8_t kind, in.u8());
  if (kind < 1 || kind > 4) {
    return malformed();
  }
  return static_cast<PrincipalKind>(kind);
}

Result<Entry> read_request(Fields& in) {
  RequestEntry entry;
  TRY(entry.id, in.array<RequestId>());
  TRY(entry.instant, in.instant());
  TRY(entry.principal, read_principal_kind(in));
  TRY(entry.subject, in.text());
  TRY(entry.role, in.text());
  TRY(entry.organisation, in.text());
  TRY(entry.purpose, in.text());
  TRY(entry.interaction, in.text());
  TRY(entry.t, in.u64());
  TRY(entry.policy, in.array<Hash>());
  TRY(entry.scope, in.array<Hash>());
  TRY(entry.status, in.u16());
  TRY(entry.shown, in.varint());
  TRY(entry.withheld, in.varint());
  TRY(entry.persons, in.varint());
  TRY(entry.manifest, in.array<Hash>());
  TRY(entry.month, in.u16());
  TRY(entry.sealed, in.bytes());
  if (entry.persons > kPersonsMax ||
      (entry.principal == PrincipalKind::kCitizen && !entry.subject.empty())) {
    return malformed();
  }
  return entry;
}

Result<Entry> read_person(Fields& in) {
  PersonEntry entry;
  TRY(entry.id, in.array<RequestId>());
  TRY(entry.ordinal, in.varint());
  TRY(entry.sealed, in.bytes());
  if (entry.ordinal < 1 || entry.ordinal > kPersonsMax) {
    return malformed();
  }
  return entry;
}

Result<Entry> read_command(Fields& in) {
  CommandEntry entry;
  TRY(entry.instant, in.instant());
  TRY(entry.command, in.text());
  TRY(entry.by, in.text());
  TRY(entry.outcome, in.text());
  TRY(entry.details, in.text());
  return entry;
}

Result<Entry> read_policy(Fields& in) {
  PolicyEntry entry;
  TRY(entry.instant, in.instant());
  TRY(entry.digest, in.array<Hash>());
  TRY(entry.text, in.text());
  return entry;
}

Result<Entry> read_fields(Fields& in) {
  TRY(const uint8_t format, in.u8());
  TRY(const uint8_t kind, in.u8());
  if (format != kFormat) {
    return malformed();
  }
  switch (static_cast<Kind>(kind)) {
    case Kind::kRequest:
      return read_request(in);
    case Kind::kPerson:
      return read_person(in);
    case Kind::kCommand:
      return read_command(in);
    case Kind::kPolicy:
      return read_policy(in);
  }
  return malformed();
}

}  // namespace

Result<std::string> encode(const RequestEntry& entry) {
  CHECK(entry.principal != PrincipalKind::kCitizen || entry.subject.empty());
  if (entry.persons > kPersonsMax) {
    return fail(ErrorCode::kTooLarge, "a request would show more than 65,535 source patients");
  }
  std::string out = start(Kind::kRequest);
  out.reserve(256 + entry.sealed.size());
  put_array(out, entry.id);
  put_instant(out, entry.instant);
  put_u8(out, static_cast<uint8_t>(entry.principal));
  put_text(out, entry.subject);
  put_text(out, entry.role);
  put_text(out, entry.organisation);
  put_text(out, entry.purpose);
  put_text(out, entry.interaction);
  put_u64(out, entry.t);
  put_array(out, entry.policy);
  put_array(out, entry.scope);
  put_u16(out, entry.status);
  put_varint(out, entry.shown);
  put_varint(out, entry.withheld);
  put_varint(out, entry.persons);
  put_array(out, entry.manifest);
  put_u16(out, entry.month);
  put_length_prefixed(out, entry.sealed);
  return bounded(std::move(out));
}

Result<std::string> encode(const PersonEntry& entry) {
  CHECK(entry.ordinal >= 1 && entry.ordinal <= kPersonsMax);
  std::string out = start(Kind::kPerson);
  put_array(out, entry.id);
  put_varint(out, entry.ordinal);
  put_length_prefixed(out, entry.sealed);
  return bounded(std::move(out));
}

Result<std::string> encode(const CommandEntry& entry) {
  std::string out = start(Kind::kCommand);
  put_instant(out, entry.instant);
  put_text(out, entry.command);
  put_text(out, entry.by);
  put_text(out, entry.outcome);
  put_text(out, entry.details);
  return bounded(std::move(out));
}

Result<std::string> encode(const PolicyEntry& entry) {
  std::string out = start(Kind::kPolicy);
  put_instant(out, entry.instant);
  put_array(out, entry.digest);
  put_text(out, entry.text);
  return bounded(std::move(out));
}

Result<Entry> decode_entry(std::string_view bytes) {
  if (bytes.size() > kEntryBytesMax) {
    return malformed();
  }
  Fields in(bytes);
  TRY(Entry entry, read_fields(in));
  if (!in.rest().empty()) {
    return malformed();
  }
  return entry;
}

Result<std::string> encode(const PersonPart& part) {
  if (part.types.size() > kTypesMax) {
    return fail(ErrorCode::kTooLarge, "more FHIR types than there are");
  }
  std::string out;
  put_u48(out, part.ord);
  put_u8(out, static_cast<uint8_t>(part.disclosure));
  put_text(out, part.rule);
  put_text(out, part.relationship);
  put_varint(out, part.shown);
  put_varint(out, part.withheld);
  put_array(out, part.manifest);
  put_varint(out, part.types.size());
  for (const auto& [type, count] : part.types) {
    put_text(out, type);
    put_varint(out, count);
  }
  out.resize((out.size() + kPadding - 1) / kPadding * kPadding, '\0');
  if (out.size() > kPersonPartBytesMax) {
    return fail(ErrorCode::kTooLarge, "a person's part of the ledger would be over 65,535 bytes");
  }
  return out;
}

Result<PersonPart> decode_person_part(std::string_view bytes) {
  if (bytes.size() > kPersonPartBytesMax || bytes.size() % kPadding != 0) {
    return malformed();
  }
  Fields in(bytes);
  PersonPart part;
  TRY(part.ord, in.u48());
  TRY(const uint8_t disclosure, in.u8());
  TRY(part.rule, in.text());
  TRY(part.relationship, in.text());
  TRY(part.shown, in.varint());
  TRY(part.withheld, in.varint());
  TRY(part.manifest, in.array<Hash>());
  TRY(const uint64_t types, in.varint());
  if (disclosure < 1 || disclosure > static_cast<uint8_t>(Disclosure::kFailed) ||
      types > kTypesMax) {
    return malformed();
  }
  part.disclosure = static_cast<Disclosure>(disclosure);
  for (uint64_t i = 0; i < types; ++i) {
    TRY(std::string type, in.text());
    TRY(const uint64_t count, in.varint());
    part.types.emplace_back(std::move(type), count);
  }
  const std::string_view padding = in.rest();
  if (padding.size() >= kPadding || padding.find_first_not_of('\0') != std::string_view::npos) {
    return malformed();
  }
  return part;
}

std::string request_context(const RequestId& id) {
  std::string out = "continuum ledger request";
  put_array(out, id);
  return out;
}

std::string person_context(const RequestId& id, uint16_t ordinal) {
  std::string out = "continuum ledger person";
  put_array(out, id);
  put_u16(out, ordinal);
  return out;
}

}  // namespace continuum::ledger
