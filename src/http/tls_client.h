// The client's side of TLS 1.2 or 1.3 without sockets: bytes of the network go in and come out.
//
// The server is believed when its certificate is for the host asked for (RFC 9525: a DNS name, or
// the IP address itself) and leads to a trusted authority.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace continuum::http {

// One connection; one thread at a time.
class TlsClient {
 public:
  // `host` is a name or a numeric address. Authorities are the system's, or those of the PEM file
  // `authorities_file` alone when it is not empty. kInvalid when the file can't be used.
  static Result<std::unique_ptr<TlsClient>> create(const std::string& host,
                                                   const std::string& authorities_file);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // Takes in what came from the network.
  void feed(std::string_view bytes);
  // What must be sent to the network now; call after each of the others.
  std::string take_output();

  // One step; true when it is done, false when more must be fed. kUnavailable: the server is not to
  // be believed, or does not speak this.
  Result<bool> handshake();
  // Enciphers all of `plain`.
  Status write(std::string_view plain);

  enum class Read : uint8_t { kBytes, kNeedsMore, kEnd };
  // Appends what can be deciphered. kEnd: the server said that it ended; an end it did not say may
  // be an attacker's. kUnavailable when what was fed is not the server's.
  Result<Read> read(std::string& plain);

 private:
  struct State;
  explicit TlsClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace continuum::http
