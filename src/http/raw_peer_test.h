// For tests: a peer that speaks raw bytes, and servers to speak to.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "http/server.h"

namespace continuum::http {

using namespace std::chrono_literals;

inline constexpr auto kPatience = 20s;  // for what must happen; never waited for when it does

// A peer that says exactly what it is told to.
class RawPeer {
 public:
  explicit RawPeer(uint16_t port, int receive_buffer = 0) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer > 0) {
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    }
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;
  ~RawPeer() { ::close(socket_); }

  bool connected() const { return connected_; }
  RawPeer& say(std::string_view text) {
    while (!text.empty()) {
      const ssize_t size = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (size <= 0) {
        break;
      }
      text.remove_prefix(static_cast<size_t>(size));
    }
    return *this;
  }
  void finish_saying() { ::shutdown(socket_, SHUT_WR); }

  // Until the server closes.
  std::string hear_all() {
    while (hear_some() > 0) {
    }
    return std::exchange(heard_, {});
  }
  // Until `text` has been heard; returns everything up to its end.
  std::string hear_until(std::string_view text) {
    while (heard_.find(text) == std::string::npos) {
      if (hear_some() <= 0) {
        return std::exchange(heard_, {}) + "(closed)";
      }
    }
    const size_t end = heard_.find(text) + text.size();
    std::string out = heard_.substr(0, end);
    heard_.erase(0, end);
    return out;
  }

 private:
  ssize_t hear_some() {
    pollfd waited = {.fd = socket_, .events = POLLIN, .revents = 0};
    if (::poll(&waited, 1, std::chrono::milliseconds(kPatience).count()) <= 0) {
      ADD_FAILURE() << "heard nothing";
      return -1;
    }
    char bytes[16 * 1024];
    const ssize_t size = ::recv(socket_, bytes, sizeof(bytes), 0);
    if (size > 0) {
      heard_.append(bytes, static_cast<size_t>(size));
    }
    return size;
  }

  int socket_;
  bool connected_ = false;
  std::string heard_;
};

inline int status_of(const std::string& heard) {
  return heard.starts_with("HTTP/1.1 ") ? std::stoi(heard.substr(9, 3)) : 0;
}

inline size_t occurrences(const std::string& text, std::string_view part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

inline Response text_response(int status, std::string body) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", "text/plain");
  response.body = std::move(body);
  return response;
}

inline Response echo(const Request& request) {
  return text_response(
      200, request.method + " " + request.path + " [" + request.query + "] " + request.body + "\n");
}

template <typename SomeHandler>
std::unique_ptr<Server> serve(SomeHandler handler, Options options = {}) {
  auto server = Server::start(std::move(options), std::move(handler));
  EXPECT_TRUE(server) << server.error().text();
  return std::move(server).value();
}

template <typename Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

inline const std::string kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
inline const std::string kGetClose = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

}  // namespace continuum::http
