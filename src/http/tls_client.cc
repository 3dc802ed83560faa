#include "http/tls_client.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <climits>

#include "base/check.h"

namespace continuum::http {
namespace {

constexpr size_t kRecordBytes = 16 * 1024;  // of plain text, at most (RFC 8446 section 5.1)

struct ContextFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct SessionFree {
  void operator()(SSL* session) const { SSL_free(session); }
};

bool is_numeric(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

// Names the reason that OpenSSL gives; it holds no data of the connection.
tl::unexpected<Error> refused(const char* step, SSL* session) {
  const unsigned long code = ERR_peek_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  const long verified = SSL_get_verify_result(session);
  ERR_clear_error();
  std::string what = reason == nullptr ? "the connection ended" : reason;
  if (verified != X509_V_OK) {
    what += std::string(": ") + X509_verify_cert_error_string(verified);
  }
  return fail(ErrorCode::kUnavailable, step, {{"TLS", what}});
}

bool expect_host(SSL* session, const std::string& host) {
  if (is_numeric(host)) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1;
  }
  SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(session, host.c_str()) == 1 &&
         SSL_set_tlsext_host_name(session, host.c_str()) == 1;
}

}  // namespace

struct TlsClient::State {
  std::unique_ptr<SSL_CTX, ContextFree> context;
  std::unique_ptr<SSL, SessionFree> session;
  BIO* in = nullptr;   // owned by session
  BIO* out = nullptr;  // owned by session
};

TlsClient::TlsClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsClient::~TlsClient() = default;

Result<std::unique_ptr<TlsClient>> TlsClient::create(const std::string& host,
                                                     const std::string& authorities_file) {
  auto state = std::make_unique<State>();
  state->context.reset(SSL_CTX_new(TLS_client_method()));
  CHECK(state->context != nullptr);
  SSL_CTX* context = state->context.get();
  CHECK(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  const int loaded = authorities_file.empty()
                         ? SSL_CTX_set_default_verify_paths(context)
                         : SSL_CTX_load_verify_file(context, authorities_file.c_str());
  if (loaded != 1) {
    ERR_clear_error();
    return fail(ErrorCode::kInvalid, "certificates of authorities can't be read",
                {{authorities_file, "expected a file of PEM certificates"}});
  }
  state->session.reset(SSL_new(context));
  CHECK(state->session != nullptr);
  SSL* session = state->session.get();
  if (!expect_host(session, host)) {
    ERR_clear_error();
    return fail(ErrorCode::kInvalid, "not a host", {{"host", host}});
  }
  state->in = BIO_new(BIO_s_mem());
  state->out = BIO_new(BIO_s_mem());
  CHECK(state->in != nullptr && state->out != nullptr);
  SSL_set_bio(session, state->in, state->out);
  SSL_set_connect_state(session);
  return std::unique_ptr<TlsClient>(new TlsClient(std::move(state)));
}

void TlsClient::feed(std::string_view bytes) {
  CHECK(bytes.size() <= INT_MAX);
  if (!bytes.empty()) {
    const int size = static_cast<int>(bytes.size());
    CHECK(BIO_write(state_->in, bytes.data(), size) == size);
  }
}

std::string TlsClient::take_output() {
  std::string out(BIO_ctrl_pending(state_->out), '\0');
  if (!out.empty()) {
    CHECK(BIO_read(state_->out, out.data(), static_cast<int>(out.size())) ==
          static_cast<int>(out.size()));
  }
  return out;
}

Result<bool> TlsClient::handshake() {
  ERR_clear_error();
  SSL* session = state_->session.get();
  const int done = SSL_do_handshake(session);
  if (done == 1) {
    return true;
  }
  if (SSL_get_error(session, done) == SSL_ERROR_WANT_READ) {
    return false;
  }
  return refused("the server is not to be believed", session);
}

Status TlsClient::write(std::string_view plain) {
  ERR_clear_error();
  size_t sent = 0;
  // A memory buffer takes everything at once.
  if (!plain.empty() &&
      (SSL_write_ex(state_->session.get(), plain.data(), plain.size(), &sent) != 1 ||
       sent != plain.size())) {
    return refused("the request can't be sent", state_->session.get());
  }
  return {};
}

Result<TlsClient::Read> TlsClient::read(std::string& plain) {
  ERR_clear_error();
  SSL* session = state_->session.get();
  std::array<char, kRecordBytes> buffer;
  size_t size = 0;
  if (SSL_read_ex(session, buffer.data(), buffer.size(), &size) == 1) {
    plain.append(buffer.data(), size);
    return Read::kBytes;
  }
  switch (SSL_get_error(session, 0)) {
    case SSL_ERROR_WANT_READ:
      return Read::kNeedsMore;
    case SSL_ERROR_ZERO_RETURN:
      return Read::kEnd;
    default:
      return refused("the answer is not the server's", session);
  }
}

}  // namespace continuum::http
