#include "access/tokens.h"

#include <algorithm>

#include "access/jws.h"
#include "base/check.h"
#include "crypto/digest.h"
#include "http/message.h"
#include "identity/nhs_number.h"

namespace continuum::access {
namespace {

constexpr std::string_view kBearer = "Bearer ";

PrincipalKind principal_kind(config::CallerKind kind) {
  switch (kind) {
    case config::CallerKind::kStaff:
      return PrincipalKind::kStaff;
    case config::CallerKind::kCitizen:
      return PrincipalKind::kCitizen;
    case config::CallerKind::kSystem:
      return PrincipalKind::kSystem;
    case config::CallerKind::kOperator:
      return PrincipalKind::kOperator;
  }
  CHECK(false);
}

// What may stand in a token; a comma or a space would mean a second one.
bool is_token_text(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

Checked<std::string_view> bearer_token(std::string_view field) {
  if (field.size() < kBearer.size() ||
      !http::equals_ignoring_case(field.substr(0, kBearer.size()), kBearer)) {
    return refuse(TokenFault::kNoToken);
  }
  const std::string_view token = field.substr(kBearer.size());
  if (token.size() > kTokenBytesMax) {
    return refuse(TokenFault::kTooLarge);
  }
  if (!is_token_text(token)) {
    return refuse(TokenFault::kNoToken);
  }
  return token;
}

// Nothing when one of the keys signed it.
std::optional<TokenFault> find_signature_fault(const JwkSet& keys, const TokenHeader& header,
                                               const CompactJws& jws) {
  const auto named = keys.find(header.kid);
  if (named.empty()) {
    return TokenFault::kUnknownKey;
  }
  TokenFault fault = TokenFault::kKeyMismatch;
  for (const Jwk* key : named) {
    if (!key->fits(header.algorithm)) {
      continue;
    }
    if (key->key.verify(header.algorithm, jws.signing_input, jws.signature)) {
      return std::nullopt;
    }
    fault = TokenFault::kSignature;
  }
  return fault;
}

Checked<const StaffRole*> chosen_role(const StaffClaims& staff) {
  if (staff.roles.empty()) {
    return refuse(TokenFault::kUnknownRole);
  }
  if (!staff.selected_role) {
    if (staff.roles.size() > 1) {
      return refuse(TokenFault::kRoleNotChosen);
    }
    return &staff.roles.front();
  }
  const auto found =
      std::find_if(staff.roles.begin(), staff.roles.end(),
                   [&](const StaffRole& role) { return role.id == *staff.selected_role; });
  if (found == staff.roles.end()) {
    return refuse(TokenFault::kUnknownRole);
  }
  return &*found;
}

Checked<Principal> as_staff(Principal principal, const StaffClaims& staff) {
  const auto role = chosen_role(staff);
  if (!role) {
    return refuse(role.error());
  }
  principal.kind = PrincipalKind::kStaff;
  principal.subject = staff.user_id;
  principal.role_id = (*role)->id;
  principal.role_codes = (*role)->codes;
  principal.organisation = (*role)->organisation;
  principal.activities = (*role)->activities;
  principal.workgroups = (*role)->workgroups;
  principal.purpose = "TREAT";
  return principal;
}

bool is_full_date(std::string_view text) {
  return text.size() == 10 && parse_fhir_instant(std::string(text) + "T00:00:00Z").has_value();
}

Checked<Principal> as_citizen(Principal principal, const CitizenClaims& citizen) {
  if (citizen.proofing_level != "P9") {
    return refuse(TokenFault::kProofing);
  }
  // The written form only: an issuer that spaces its numbers is not one that was agreed with.
  const auto number = identity::valid_nhs_number(citizen.nhs_number);
  if (!number || *number != citizen.nhs_number) {
    return refuse(TokenFault::kNhsNumber);
  }
  principal.kind = PrincipalKind::kCitizen;
  principal.nhs_number = *number;
  if (!citizen.birth_date.empty() && !is_full_date(citizen.birth_date)) {
    return refuse(TokenFault::kMalformedClaims);
  }
  principal.birth_date = citizen.birth_date;
  principal.purpose = "PATRQT";
  return principal;
}

}  // namespace

TokenVerifier::TokenVerifier(const config::Region& region, KeySetSource& keys, const Clock& clock,
                             size_t remembered_max)
    : audience_(region.base_url), keys_(keys), clock_(clock), cache_(remembered_max) {
  for (const config::Issuer& issuer : region.issuers) {
    std::vector<PrincipalKind>& kinds = issuers_[issuer.url];
    std::transform(issuer.kinds.begin(), issuer.kinds.end(), std::back_inserter(kinds),
                   principal_kind);
  }
  for (const config::Source& source : region.sources) {
    if (!source.client_id.empty()) {
      sources_.emplace(source.client_id, source.name);
    }
  }
  for (const config::Operator& each : region.operators) {
    operators_.insert(each.client_id);
  }
}

Result<Principal> TokenVerifier::verify(std::string_view authorization_field) {
  auto principal = verify_detailed(authorization_field);
  if (!principal) {
    return fail(ErrorCode::kUnauthenticated, std::string(kTokenRefused));
  }
  return *std::move(principal);
}

Checked<Principal> TokenVerifier::verify_detailed(std::string_view authorization_field) {
  const auto token = bearer_token(authorization_field);
  if (!token) {
    return refuse(token.error());
  }
  const crypto::Digest digest = crypto::sha256(*token);
  if (auto principal = recall(digest)) {
    return *std::move(principal);
  }
  return verify_token(*token, digest);
}

std::optional<Principal> TokenVerifier::recall(const crypto::Digest& digest) {
  auto verified = cache_.find(digest);
  if (!verified) {
    return std::nullopt;
  }
  const auto keys = keys_.keys(verified->principal.issuer);
  const int64_t now = now_seconds();
  if (!keys || keys->generation != verified->keys_generation ||
      now >= verified->expires + kLeewaySeconds || now < verified->not_before - kLeewaySeconds) {
    cache_.remove(digest);
    return std::nullopt;
  }
  return std::move(verified->principal);
}

Checked<Principal> TokenVerifier::verify_token(std::string_view token,
                                               const crypto::Digest& digest) {
  const auto jws = split_jws(token);
  if (!jws) {
    return refuse(jws.error());
  }
  const auto header = read_token_header(jws->header);
  if (!header) {
    return refuse(header.error());
  }
  const auto claims = read_claims(jws->payload);
  if (!claims) {
    return refuse(claims.error());
  }
  if (!issuers_.contains(claims->issuer)) {
    return refuse(TokenFault::kUnknownIssuer);
  }
  const auto keys = keys_.keys(claims->issuer, header->kid);
  if (!keys) {
    return refuse(TokenFault::kKeysUnavailable);
  }
  if (const auto fault = find_signature_fault(*keys->set, *header, *jws)) {
    return refuse(*fault);
  }
  if (const auto fault = find_fault(*claims)) {
    return refuse(*fault);
  }
  auto principal = principal_of(*claims);
  if (principal && !may_speak_for(claims->issuer, principal->kind)) {
    return refuse(TokenFault::kKindNotAllowed);
  }
  // SAFETY: nothing but what was verified is remembered, so whoever sends anything else can't
  // crowd out those who were.
  if (principal) {
    cache_.insert(digest, {*principal, claims->expires,
                           std::max(claims->not_before, claims->issued), keys->generation});
  }
  return principal;
}

std::optional<TokenFault> TokenVerifier::find_fault(const Claims& claims) const {
  if (std::find(claims.audiences.begin(), claims.audiences.end(), audience_) ==
      claims.audiences.end()) {
    return TokenFault::kAudience;
  }
  if (claims.expires <= claims.issued ||
      claims.expires - claims.issued > kTokenLifetimeSecondsMax) {
    return TokenFault::kLifetime;
  }
  const int64_t now = now_seconds();
  if (now >= claims.expires + kLeewaySeconds) {
    return TokenFault::kExpired;
  }
  if (now < std::max(claims.not_before, claims.issued) - kLeewaySeconds) {
    return TokenFault::kNotYetValid;
  }
  return std::nullopt;
}

Checked<Principal> TokenVerifier::principal_of(const Claims& claims) const {
  const auto source = sources_.find(claims.client_id);
  const bool is_source = source != sources_.end();
  const bool is_operator = operators_.contains(claims.client_id);
  const int kinds = static_cast<int>(claims.staff.has_value()) +
                    static_cast<int>(claims.citizen.has_value()) + static_cast<int>(is_source) +
                    static_cast<int>(is_operator);
  if (kinds > 1) {
    return refuse(TokenFault::kMixedKinds);
  }
  if (kinds == 0) {
    return refuse(TokenFault::kUnknownClient);
  }
  Principal principal;
  principal.issuer = claims.issuer;
  principal.subject = claims.subject;
  principal.client_id = claims.client_id;
  if (claims.staff) {
    return as_staff(std::move(principal), *claims.staff);
  }
  if (claims.citizen) {
    return as_citizen(std::move(principal), *claims.citizen);
  }
  if (claims.subject != claims.client_id) {
    return refuse(TokenFault::kSubject);
  }
  principal.kind = is_source ? PrincipalKind::kSystem : PrincipalKind::kOperator;
  principal.source = is_source ? source->second : std::string();
  principal.purpose = "HOPERAT";
  return principal;
}

bool TokenVerifier::may_speak_for(std::string_view issuer, PrincipalKind kind) const {
  const auto found = issuers_.find(issuer);
  return found != issuers_.end() &&
         std::find(found->second.begin(), found->second.end(), kind) != found->second.end();
}

int64_t TokenVerifier::now_seconds() const {
  return clock_.now().micros / 1'000'000;
}

}  // namespace continuum::access
