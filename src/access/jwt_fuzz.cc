// Any bytes as a header, as claims, as a key set, as a URL, and as a whole token; and as the claims
// of a token that the issuer signed. Nothing that was not signed makes a principal, and every
// principal is of one kind, with what that kind needs.
#include "access/jws.h"
#include "access/limits.h"
#include "access/tokens.h"
#include "access/url.h"
#include "base/bytes.h"
#include "base/check.h"

namespace {

using namespace continuum;
using namespace continuum::access;

constexpr std::string_view kHeader = R"({"alg":"EdDSA","kid":"k","typ":"at+jwt"})";

const crypto::Ed25519Key& issuer_key() {
  static const crypto::Ed25519Key key = crypto::Ed25519Key::from_seed(crypto::Key{7});
  return key;
}

class OneIssuer final : public Fetcher {
 public:
  Result<std::string> get(std::string_view url, size_t) override {
    if (url.ends_with("openid-configuration")) {
      return std::string(R"({"issuer":"https://i","jwks_uri":"https://i/k"})");
    }
    return R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":")" +
           to_base64url(crypto::view(issuer_key().public_key())) + "\"}]}";
  }
};

config::Region fuzz_region() {
  using config::CallerKind;
  config::Region region;
  region.base_url = "https://r/fhir";
  region.sources = {{"gp", "A81001", "gp-system"}};
  region.operators = {{"watch"}};
  region.issuers = {
      {"https://i",
       {CallerKind::kStaff, CallerKind::kCitizen, CallerKind::kSystem, CallerKind::kOperator},
       ""}};
  return region;
}

struct Server {
  config::Region region = fuzz_region();
  FakeClock clock{{int64_t{1'800'000'000} * 1'000'000}};
  MemoryFileSystem files;
  OneIssuer fetcher;
  KeySetSource keys{region, fetcher, files, clock};
  TokenVerifier verifier{region, keys, clock, 16};
};

bool is_whole(const Principal& principal) {
  const bool staff = !principal.role_id.empty() && principal.organisation.size() >= 3;
  const bool citizen = principal.nhs_number.size() == 10;
  const bool system = principal.source == "gp" && principal.client_id == "gp-system";
  const bool is_operator = principal.client_id == "watch";
  const bool known[] = {staff, citizen, system, is_operator};
  return staff + citizen + system + is_operator == 1 &&
         known[static_cast<size_t>(principal.kind) - 1] && !principal.subject.empty() &&
         principal.issuer == "https://i" && !principal.purpose.empty();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // The library behind the keys is to go after the threads that use it.
  issuer_key();
  static Server server;
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  if (const auto header = read_token_header(text)) {
    CHECK(!header->kid.empty() && header->kid.size() <= kNameBytesMax);
  }
  if (const auto set = JwkSet::parse(text)) {
    CHECK(!set->keys().empty() && set->keys().size() <= kKeysMax);
  }
  if (const auto url = parse_url(text)) {
    CHECK(url->tls || url->is_loopback());
    CHECK(url->port != 0 && url->target.starts_with('/'));
  }
  CHECK(!server.verifier.verify("Bearer " + std::string(text)));

  const std::string input = to_base64url(kHeader) + "." + to_base64url(text);
  const auto signature = issuer_key().sign(input);
  const auto principal = server.verifier.verify(
      "Bearer " + input + "." +
      to_base64url({reinterpret_cast<const char*>(signature.data()), signature.size()}));
  if (principal) {
    CHECK(is_whole(*principal));
  }
  return 0;
}
