// The client over TLS, against a server of OpenSSL's with a certificate made for the test.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <thread>

#include "base/check.h"
#include "http/client.h"
#include "http/tls_client.h"

namespace continuum::http {
namespace {

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

enum class End : uint8_t { kSaid, kCut, kNever };

struct Behaviour {
  std::string names = "DNS:localhost,DNS:id.example.org";  // of the certificate
  long expires_in_seconds = 3'600;
  std::string answer = std::string(kAnswer);
  End end = End::kSaid;
  int version_max = TLS1_3_VERSION;
};

// Serves one connection, then ends.
class OneConnection {
 public:
  explicit OneConnection(Behaviour behaviour)
      : behaviour_(std::move(behaviour)), context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
    make_certificate();
    SSL_CTX_set_max_proto_version(context_.get(), behaviour_.version_max);
    SSL_CTX_set_min_proto_version(context_.get(), 0);
    SSL_CTX_set_security_level(context_.get(), 0);  // so that old versions could be spoken
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    CHECK(::listen(listener_, 1) == 0);
    CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~OneConnection() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    std::remove(authorities().c_str());
  }

  uint16_t port() const { return port_; }
  std::string authorities() const {
    return testing::TempDir() + "continuum_tls_" + std::to_string(::getpid()) + ".pem";
  }
  // What the client asked; after the connection.
  std::string asked;

 private:
  void make_certificate() {
    std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(
        EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free);
    std::unique_ptr<X509, void (*)(X509*)> certificate(X509_new(), X509_free);
    X509* x = certificate.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -7'200);
    X509_gmtime_adj(X509_getm_notAfter(x), behaviour_.expires_in_seconds);
    X509_set_pubkey(x, key.get());
    X509_NAME* name = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const uint8_t*>("test"),
                               -1, -1, 0);
    X509_set_issuer_name(x, name);
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, behaviour_.names.c_str());
    CHECK(names != nullptr && X509_add_ext(x, names, -1) == 1);
    X509_EXTENSION_free(names);
    CHECK(X509_sign(x, key.get(), EVP_sha256()) > 0);
    CHECK(SSL_CTX_use_certificate(context_.get(), x) == 1);
    CHECK(SSL_CTX_use_PrivateKey(context_.get(), key.get()) == 1);
    std::FILE* file = std::fopen(authorities().c_str(), "w");
    CHECK(file != nullptr && PEM_write_X509(file, x) == 1);
    std::fclose(file);
  }

  void serve() {
    // SSL_write has no MSG_NOSIGNAL.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    const int connection = ::accept(listener_, nullptr, nullptr);
    if (connection < 0) {
      return;
    }
    SSL* session = SSL_new(context_.get());
    SSL_set_fd(session, connection);
    if (SSL_accept(session) == 1) {
      char buffer[4'096];
      const int size = SSL_read(session, buffer, sizeof buffer);
      asked.assign(buffer, static_cast<size_t>(std::max(size, 0)));
      SSL_write(session, behaviour_.answer.data(), static_cast<int>(behaviour_.answer.size()));
      while (behaviour_.end == End::kNever &&
             SSL_write(session, behaviour_.answer.data(),
                       static_cast<int>(behaviour_.answer.size())) > 0) {
      }
      if (behaviour_.end == End::kSaid) {
        SSL_shutdown(session);
      }
    }
    SSL_free(session);
    ::close(connection);
  }

  const Behaviour behaviour_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::thread thread_;
};

Result<Response> ask(OneConnection& server, std::string_view host, std::string authorities,
                     std::chrono::milliseconds answer_time_max = std::chrono::seconds(5)) {
  ClientOptions options;
  options.transport = Transport::kTls;
  options.authorities_file = std::move(authorities);
  options.connect_time_max = std::chrono::milliseconds(5'000);
  options.answer_time_max = answer_time_max;
  TRY(Client client, Client::connect(host, server.port(), options));
  return client.get("/keys");
}
Result<Response> ask(OneConnection& server, std::string_view host = "localhost") {
  return ask(server, host, server.authorities());
}

TEST(Tls, AsksAndAnswers) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    OneConnection server({.version_max = version});
    const auto answer = ask(server);
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "hello");
  }
}

TEST(Tls, LargeAnswers) {
  const std::string body(300'000, 'x');
  OneConnection server({.answer = "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + body});
  EXPECT_EQ(ask(server).value().body, body);
}

TEST(Tls, AnAddressMustBeInTheCertificate) {
  OneConnection by_name({});
  EXPECT_EQ(ask(by_name, "127.0.0.1").error().code, ErrorCode::kUnavailable);
  OneConnection by_address({.names = "IP:127.0.0.1"});
  EXPECT_TRUE(ask(by_address, "127.0.0.1"));
}

TEST(Tls, RefusesServersThatAreNotTheHost) {
  for (const char* names : {"DNS:example.org", "DNS:*", "DNS:localhost.example.org", "IP:127.0.0.1",
                            "email:localhost"}) {
    OneConnection server({.names = names});
    EXPECT_EQ(ask(server).error().code, ErrorCode::kUnavailable) << names;
  }
}

TEST(Tls, RefusesCertificatesOfNobody) {
  OneConnection unknown({});
  EXPECT_EQ(ask(unknown, "localhost", "").error().code, ErrorCode::kUnavailable);
  OneConnection expired({.expires_in_seconds = -60});
  EXPECT_EQ(ask(expired).error().code, ErrorCode::kUnavailable);
  OneConnection old({.version_max = TLS1_1_VERSION});
  EXPECT_EQ(ask(old).error().code, ErrorCode::kUnavailable);
  OneConnection fine({});
  EXPECT_EQ(ask(fine, "localhost", "/no/such/file").error().code, ErrorCode::kInvalid);
}

TEST(Tls, AnEndThatWasNotSaidIsNoEnd) {
  constexpr std::string_view until_close = "HTTP/1.1 200 OK\r\n\r\nhello";
  OneConnection said({.answer = std::string(until_close)});
  EXPECT_EQ(ask(said).value().body, "hello");
  OneConnection cut({.answer = std::string(until_close), .end = End::kCut});
  EXPECT_EQ(ask(cut).error().code, ErrorCode::kUnavailable);
}

TEST(Tls, AServerThatNeverStopsIsCut) {
  OneConnection server({.answer = "HTTP/1.1 100 Continue\r\n\r\n", .end = End::kNever});
  const auto answer =
      ask(server, "localhost", server.authorities(), std::chrono::milliseconds(200));
  EXPECT_EQ(answer.error().code, ErrorCode::kDeadline);
}

TEST(Tls, RefusesWhatIsNotTls) {
  auto client = TlsClient::create("localhost", "");
  ASSERT_TRUE(client);
  EXPECT_FALSE((*client)->handshake().value());
  EXPECT_FALSE((*client)->take_output().empty());
  (*client)->feed("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ((*client)->handshake().error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace continuum::http
