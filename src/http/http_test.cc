// The server against raw sockets: what it accepts, refuses, limits and cuts.
#include <atomic>
#include <future>
#include <latch>
#include <mutex>
#include <thread>

#include "http/client.h"
#include "http/raw_peer_test.h"

namespace continuum::http {
namespace {

TEST(Framing, TakesBodiesByWhatTheHeadSays) {
  Options options;
  options.limits.body_bytes_max = 100;
  options.body_limit = [](const Request& head) {
    return head.headers.contains("Known") ? uint64_t{1'000} : uint64_t{10};
  };
  const auto server = serve(echo, options);
  const std::string post = "POST / HTTP/1.1\r\nHost: x\r\n";
  const std::string known = post + "Known: 1\r\n";
  auto length = [](size_t size) {
    return "Content-Length: " + std::to_string(size) + "\r\n\r\n" + std::string(size, 'a');
  };
  auto chunk = [](size_t size) {
    return "Transfer-Encoding: chunked\r\n\r\n" + std::to_string(size) + "\r\n" +
           std::string(16 * (size / 10) + size % 10, 'a') + "\r\n0\r\n\r\n";
  };
  const std::pair<std::string, int> rows[] = {
      {post + length(10), 200},   {post + length(11), 413},   {known + length(11), 200},
      {known + length(100), 200}, {known + length(101), 413}, {post + chunk(8), 200},
      {post + chunk(10), 413},    {known + chunk(10), 200}};
  for (const auto& [text, status] : rows) {
    RawPeer peer(server->port());
    peer.say(text).finish_saying();
    EXPECT_EQ(status_of(peer.hear_all()), status) << text;
  }
}

// Each row is sent whole, then the sending side is closed; the status of the first answer counts,
// and the server must close.
TEST(Framing, Table) {
  Options options;
  options.limits.header_bytes_max = 2048;
  options.limits.target_bytes_max = 256;
  options.limits.header_count_max = 8;
  options.limits.body_bytes_max = 100;
  const auto server = serve(echo, options);
  const std::string post = "POST / HTTP/1.1\r\nHost: x\r\n";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  struct Row {
    std::string_view what;
    int status;
    std::string text;
  };
  const Row rows[] = {
      {"plain", 200, kGet},
      {"leading empty lines", 200, "\r\n\r\n" + kGet},
      {"unknown method", 200, "FROB / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"absolute form", 200, "GET http://h/a?b HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"asterisk form", 200, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"HTTP/1.0 without Host", 200, "GET / HTTP/1.0\r\n\r\n"},
      {"empty body", 200, post + "Content-Length: 0\r\n\r\n"},
      {"body", 200, post + "Content-Length: 3\r\n\r\nabc"},
      {"chunks", 200, chunked + "3\r\nabc\r\n0\r\n\r\n"},
      {"no chunks", 200, chunked + "0\r\n\r\n"},
      {"leading zeros", 200, chunked + "0003\r\nabc\r\n000\r\n\r\n"},
      {"chunk size of 17 digits", 400, chunked + "00000000000000003\r\nabc\r\n0\r\n\r\n"},
      {"chunk extension", 200, chunked + "3;a=b\r\nabc\r\n0\r\n\r\n"},
      {"trailer", 200, chunked + "3\r\nabc\r\n0\r\nX: y\r\n\r\n"},

      {"no Host", 400, "GET / HTTP/1.1\r\n\r\n"},
      {"two Hosts", 400, "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"},
      {"Host is a list", 400, "GET / HTTP/1.1\r\nHost: x, y\r\n\r\n"},
      {"length and chunked", 400,
       post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"chunked and length", 400,
       post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
      {"two lengths, differing", 400, post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"},
      {"two lengths, same", 400, post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"},
      {"length list", 400, post + "Content-Length: 3, 3\r\n\r\nabc"},
      {"length with sign", 400, post + "Content-Length: +3\r\n\r\nabc"},
      {"length negative", 400, post + "Content-Length: -3\r\n\r\nabc"},
      {"length hexadecimal", 400, post + "Content-Length: 0x3\r\n\r\nabc"},
      {"length empty", 400, post + "Content-Length: \r\n\r\nabc"},
      {"length overflow", 400, post + "Content-Length: 18446744073709551616\r\n\r\nabc"},
      {"two codings", 400,
       post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"identity and chunked", 400,
       post + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"unknown coding", 501, post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
      {"coding list", 501, post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {"chunked then other", 501, post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"},
      {"chunked in 1.0", 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"chunk size not a number", 400, chunked + "x\r\nabc\r\n0\r\n\r\n"},
      {"chunk size negative", 400, chunked + "-3\r\nabc\r\n0\r\n\r\n"},
      {"chunk size 0x", 400, chunked + "0x3\r\nabc\r\n0\r\n\r\n"},
      {"chunk size overflow", 400, chunked + "fffffffffffffffff\r\nabc\r\n0\r\n\r\n"},
      {"chunk size empty", 400, chunked + "\r\nabc\r\n0\r\n\r\n"},
      {"chunk longer than its size", 400, chunked + "2\r\nabc\r\n0\r\n\r\n"},
      {"chunk with bare LF", 400, chunked + "3\nabc\n0\n\n\r\n\r\n"},
      {"chunk extension with LF", 400, chunked + "3;a=\"\n\"\r\nabc\r\n0\r\n\r\n"},
      {"trailer without colon", 400, chunked + "3\r\nabc\r\n0\r\nX y\r\n\r\n"},
      {"endless chunk header", 400, chunked + "3;" + std::string(5000, 'a')},
      {"folded line", 400, "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"},
      {"folded first line", 400, "GET / HTTP/1.1\r\n Host: x\r\n\r\n"},
      {"space before colon", 400, "GET / HTTP/1.1\r\nHost : x\r\n\r\n"},
      {"tab before colon", 400, "GET / HTTP/1.1\r\nHost: x\r\nA\t: b\r\n\r\n"},
      {"no colon", 400, "GET / HTTP/1.1\r\nHost: x\r\nA b\r\n\r\n"},
      {"empty name", 400, "GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n"},
      {"bare LF lines", 400, "GET / HTTP/1.1\nHost: x\n\n"},
      {"bare LF in a value", 400, "GET / HTTP/1.1\r\nHost: x\r\nA: b\nC: d\r\n\r\n"},
      {"bare CR in a value", 400, "GET / HTTP/1.1\r\nHost: x\r\nA: b\rC: d\r\n\r\n"},
      {"NUL in a value", 400, std::string("GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n", 33)},
      {"NUL in the target", 400, std::string("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", 28)},
      {"control in the target", 400, "GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"DEL in the target", 400, "GET /\x7f HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"tab in the target", 400, "GET /\ta HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"space in the target", 400, "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"fragment", 400, "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"relative target", 400, "GET a HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"authority form", 400, "CONNECT h:80 HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"asterisk for GET", 400, "GET * HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"no target", 400, "GET HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"HTTP/0.9", 400, "GET /\r\n\r\n"},
      {"HTTP/2.0", 400, "GET / HTTP/2.0\r\nHost: x\r\n\r\n"},
      {"HTTP/1.2", 400, "GET / HTTP/1.2\r\nHost: x\r\n\r\n"},
      {"lower-case version", 400, "GET / http/1.1\r\nHost: x\r\n\r\n"},
      {"method with a separator", 400, "G(T / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"not HTTP", 400, std::string("\x16\x03\x01\x02\x00\x01\r\n\r\n", 10)},
      {"unknown expectation", 417, post + "Expect: tea\r\nContent-Length: 1\r\n\r\na"},

      {"longest target", 200, "GET /" + std::string(255, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"target too long", 414, "GET /" + std::string(256, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"endless target", 414, "GET /" + std::string(1024, 'a')},
      {"most fields", 200,
       "GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\nA: 5\r\nA: 6\r\nA: 7\r\n\r\n"},
      {"too many fields", 431,
       "GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\nA: 5\r\nA: 6\r\nA: 7\r\nA: "
       "8\r\n\r\n"},
      {"header too large", 431,
       "GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(2100, 'a') + "\r\n\r\n"},
      {"endless header", 431, "GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(3000, 'a')},
      {"largest body", 200, post + "Content-Length: 100\r\n\r\n" + std::string(100, 'a')},
      {"body too large", 413, post + "Content-Length: 101\r\n\r\n" + std::string(101, 'a')},
      {"largest chunked body", 200,
       chunked + "32\r\n" + std::string(50, 'a') + "\r\n32\r\n" + std::string(50, 'a') +
           "\r\n0\r\n\r\n"},
      {"chunked body too large", 413,
       chunked + "32\r\n" + std::string(50, 'a') + "\r\n33\r\n" + std::string(51, 'a') +
           "\r\n0\r\n\r\n"},
      {"expecting too much", 413, post + "Expect: 100-continue\r\nContent-Length: 101\r\n\r\n"},
  };
  for (const Row& row : rows) {
    RawPeer peer(server->port());
    peer.say(row.text).finish_saying();
    const std::string heard = peer.hear_all();
    EXPECT_EQ(status_of(heard), row.status) << row.what << ": " << heard;
    EXPECT_EQ(occurrences(heard, "HTTP/1.1 "), 1U) << row.what << ": " << heard;
    const bool stays_open = row.status == 200 && row.text.find("HTTP/1.0") == std::string::npos;
    EXPECT_EQ(occurrences(heard, "Connection: close"), stays_open ? 0U : 1U)
        << row.what << ": " << heard;
  }
  // The same, a byte at a time.
  for (const Row& row : rows) {
    if (row.text.size() < 200) {
      RawPeer peer(server->port());
      for (const char c : row.text) {
        peer.say({&c, 1});
      }
      peer.finish_saying();
      const int status = status_of(peer.hear_all());
      EXPECT_EQ(status, row.status) << row.what;
    }
  }
}

TEST(Answers, CarryTheStandardFields) {
  const auto server = serve(echo);
  const std::string heard = RawPeer(server->port()).say(kGetClose).hear_all();
  EXPECT_NE(heard.find("\r\nDate: "), std::string::npos);
  EXPECT_NE(heard.find(" GMT\r\n"), std::string::npos);
  EXPECT_NE(heard.find("\r\nContent-Length: 10\r\n"), std::string::npos) << heard;
  EXPECT_NE(heard.find("\r\nX-Content-Type-Options: nosniff\r\n"), std::string::npos);
  EXPECT_NE(heard.find("\r\nCache-Control: no-store\r\n"), std::string::npos);
  EXPECT_NE(heard.find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_TRUE(heard.ends_with("\r\n\r\nGET / [] \n")) << heard;
}

TEST(Answers, KeepWhatTheHandlerSetButNotTheFraming) {
  const auto server = serve([](const Request&) {
    Response response = text_response(201, "x");
    response.headers.add("Cache-Control", "max-age=1");
    response.headers.add("content-length", "99");
    response.headers.add("Transfer-Encoding", "chunked");
    response.headers.add("ETag", "W/\"1\"");
    return response;
  });
  const std::string heard = RawPeer(server->port()).say(kGetClose).hear_all();
  EXPECT_EQ(status_of(heard), 201);
  EXPECT_NE(heard.find("\r\nCache-Control: max-age=1\r\n"), std::string::npos);
  EXPECT_EQ(heard.find("no-store"), std::string::npos);
  EXPECT_EQ(heard.find("99"), std::string::npos);
  EXPECT_EQ(heard.find("chunked"), std::string::npos);
  EXPECT_NE(heard.find("\r\nETag: W/\"1\"\r\n"), std::string::npos);
}

TEST(Answers, ToHeadHaveALengthAndNoBody) {
  const auto server = serve([](const Request& request) {
    Response response = text_response(200, request.path == "/empty" ? "" : "four");
    if (request.path == "/empty") {
      response.headers.add("Content-Length", "1234");
    }
    return response;
  });
  RawPeer peer(server->port());
  peer.say("HEAD / HTTP/1.1\r\nHost: x\r\n\r\nHEAD /empty HTTP/1.1\r\nHost: x\r\n\r\n" + kGetClose);
  const std::string heard = peer.hear_all();
  EXPECT_EQ(occurrences(heard, "Content-Length: 4\r\n"), 2U) << heard;
  EXPECT_EQ(occurrences(heard, "Content-Length: 1234\r\n"), 1U) << heard;
  EXPECT_EQ(occurrences(heard, "four"), 1U) << heard;
}

TEST(Answers, WithoutContentHaveNoLength) {
  const auto server = serve([](const Request&) { return text_response(204, "dropped"); });
  const std::string heard = RawPeer(server->port()).say(kGetClose).hear_all();
  EXPECT_EQ(status_of(heard), 204);
  EXPECT_EQ(heard.find("Content-Length"), std::string::npos);
  EXPECT_TRUE(heard.ends_with("\r\n\r\n"));
}

TEST(Answers, ThatMayNotBeSentBecome500) {
  const auto server = serve([](const Request& request) -> Response {
    Response response = text_response(200, "secret");
    if (request.path == "/throw") {
      throw 1;
    }
    if (request.path == "/status") {
      response.status = 42;
    }
    if (request.path == "/value") {
      response.headers.add("X", "a\r\nSet-Cookie: b");
    }
    if (request.path == "/name") {
      response.headers.add("X Y", "a");
    }
    return response;
  });
  for (const std::string path : {"/throw", "/status", "/value", "/name"}) {
    RawPeer peer(server->port());
    peer.say("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string heard = peer.hear_all();
    EXPECT_EQ(status_of(heard), 500) << path;
    EXPECT_EQ(heard.find("secret"), std::string::npos) << path;
    EXPECT_EQ(heard.find("Set-Cookie"), std::string::npos) << path;
  }
}

TEST(Answers, OfTheServerAreMadeByTheHook) {
  Options options;
  options.error_body = [](int status, std::string_view reason) {
    EXPECT_FALSE(reason.empty());
    Response response = text_response(200, "hook " + std::to_string(status));
    response.headers.add("X-Hook", "yes");
    return response;
  };
  const auto server = serve(echo, options);
  const std::string heard = RawPeer(server->port()).say("nonsense\r\n\r\n").hear_all();
  EXPECT_EQ(status_of(heard), 400);
  EXPECT_NE(heard.find("X-Hook: yes"), std::string::npos);
  EXPECT_TRUE(heard.ends_with("hook 400"));
}

TEST(KeepAlive, ByVersionAndField) {
  const auto server = serve(echo);
  struct Row {
    std::string request;
    std::string_view connection;
  };
  const Row rows[] = {
      {kGetClose, "Connection: close"},
      {"GET / HTTP/1.0\r\n\r\n", "Connection: close"},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "Connection: keep-alive"},
  };
  for (const Row& row : rows) {
    RawPeer peer(server->port());
    peer.say(row.request).finish_saying();
    EXPECT_NE(peer.hear_all().find(row.connection), std::string::npos) << row.request;
  }
  RawPeer peer(server->port());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(status_of(peer.say(kGet).hear_until("[] \n")), 200);
  }
  EXPECT_EQ(server->statistics().connections_accepted, 4U);
}

TEST(KeepAlive, PipelinedRequestsAreAnsweredInOrder) {
  const auto server = serve(echo);
  std::string requests;
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const std::string number = std::to_string(i);
    if (i % 3 == 0) {
      requests += "POST /" + number + " HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";
    } else if (i % 3 == 1) {
      requests += "POST /" + number +
                  " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n"
                  "0\r\n\r\n";
    } else {
      requests += "GET /" + number + " HTTP/1.1\r\nHost: x\r\n\r\n";
    }
  }
  RawPeer peer(server->port());
  std::jthread speaker([&] { peer.say(requests + kGetClose); });
  const std::string heard = peer.hear_all();
  size_t at = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string line = (i % 3 == 2 ? "GET /" : "POST /") + std::to_string(i) + " [] " +
                             (i % 3 == 2 ? "\n" : "body\n");
    at = heard.find(line, at);
    ASSERT_NE(at, std::string::npos) << line;
  }
  EXPECT_EQ(occurrences(heard, "HTTP/1.1 200 OK"), 201U);
}

TEST(Expect, SaysContinueBeforeTheBody) {
  const auto server = serve(echo);
  RawPeer peer(server->port());
  peer.say("PUT /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(peer.hear_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(peer.say("abc").hear_until("abc\n").starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST(Bodies, OfAnySizeArriveWhole) {
  Handler measure = [](const Request& request) {
    return text_response(200, std::to_string(std::hash<std::string>()(request.body)));
  };
  const auto server = serve(measure);
  Client client = Client::connect("127.0.0.1", server->port()).value();
  for (const size_t size : {1UL, 4095UL, 65'536UL, 65'537UL, 131'073UL, 3'000'000UL}) {
    Request request;
    request.method = "POST";
    for (size_t i = 0; i < size; ++i) {
      request.body.push_back(static_cast<char>(i * 31 % 251));
    }
    const auto response = client.send(request);
    ASSERT_TRUE(response) << response.error().text();
    EXPECT_EQ(response->body, std::to_string(std::hash<std::string>()(request.body))) << size;

    std::string chunked =
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Transfer-Encoding: chunked\r\n\r\n";
    for (size_t at = 0; at < size; at += 70'000) {
      const std::string piece = request.body.substr(at, 70'000);
      char head[32];
      std::snprintf(head, sizeof(head), "%zx\r\n", piece.size());
      chunked.append(head).append(piece).append("\r\n");
    }
    const std::string heard = RawPeer(server->port()).say(chunked + "0\r\n\r\n").hear_all();
    EXPECT_TRUE(heard.ends_with(response->body)) << size;
  }
  EXPECT_TRUE(eventually([&] { return server->statistics().bytes_in_flight == 0; }));
}

TEST(Timeouts, Table) {
  Options options;
  options.limits.idle_ms_max = 60;
  options.limits.header_ms_max = 60;
  options.limits.body_ms_max = 60;
  const auto server = serve(echo, options);
  struct Row {
    std::string_view what;
    std::string text;
    int status;
    uint64_t timeouts;
  };
  const Row rows[] = {
      {"silent", "", 0, 0},
      {"half a header", "GET / HTTP/1.1\r\nHo", 408, 1},
      {"half a body", "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", 408, 1},
      {"half a chunk", "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
       408, 1},
      {"idle after a request", kGet, 200, 0},
  };
  for (const Row& row : rows) {
    const uint64_t before = server->statistics().timeouts;
    RawPeer peer(server->port());
    EXPECT_EQ(status_of(peer.say(row.text).hear_all()), row.status) << row.what;
    EXPECT_EQ(server->statistics().timeouts - before, row.timeouts) << row.what;
  }
}

TEST(Timeouts, CutAHeaderThatTrickles) {
  Options options;
  options.limits.header_ms_max = 100;
  const auto server = serve(echo, options);
  RawPeer peer(server->port());
  std::atomic<bool> done{false};
  std::jthread trickle([&] {
    peer.say("GET / HTTP/1.1\r\nHost: x\r\n");
    while (!done) {
      peer.say("A: b\r\n");
      std::this_thread::sleep_for(10ms);
    }
  });
  EXPECT_EQ(status_of(peer.hear_until("\r\n\r\n")), 408);
  done = true;
}

TEST(Timeouts, DoNotCutABodyThatKeepsItsRate) {
  Options options;
  options.limits.body_ms_max = 200;
  options.limits.transfer_bytes_per_second_min = 100;
  const auto server = serve(echo, options);
  RawPeer peer(server->port());
  peer.say("PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 500\r\n\r\n");
  for (int i = 0; i < 5; ++i) {
    peer.say(std::string(100, 'a'));
    std::this_thread::sleep_for(100ms);
  }
  EXPECT_EQ(status_of(peer.hear_all()), 200);
}

TEST(Timeouts, CutAReaderThatStops) {
  Options options;
  options.limits.write_ms_max = 100;
  options.limits.transfer_bytes_per_second_min = 1024 * kMebi;
  const auto server = serve(
      [](const Request&) { return text_response(200, std::string(32 * kMebi, 'x')); }, options);
  RawPeer peer(server->port(), 4096);
  peer.say(kGet);
  EXPECT_TRUE(eventually([&] { return server->statistics().bytes_in_flight >= 32 * kMebi; }));
  EXPECT_TRUE(eventually([&] { return server->statistics().timeouts == 1; }));
  EXPECT_TRUE(eventually([&] {
    const Statistics now = server->statistics();
    return now.connections_open == 0 && now.bytes_in_flight == 0 && now.requests_in_flight == 0;
  }));
}

TEST(Timeouts, LetASlowReaderFinish) {
  const std::string body(8 * kMebi, 'x');
  const auto server = serve([&](const Request&) { return text_response(200, body); });
  RawPeer peer(server->port(), 4096);
  peer.say(kGetClose);
  std::this_thread::sleep_for(20ms);
  EXPECT_TRUE(peer.hear_all().ends_with("\r\n\r\n" + body));
}

TEST(Connections, OverTheLimitAreRefused) {
  Options options;
  options.limits.connections_max = 2;
  const auto server = serve(echo, options);
  RawPeer first(server->port());
  first.say(kGet).hear_until("[] \n");
  {
    RawPeer second(server->port());
    second.say(kGet).hear_until("[] \n");
    const std::string heard = RawPeer(server->port()).say(kGet).hear_all();
    EXPECT_EQ(status_of(heard), 503);
    EXPECT_NE(heard.find("Retry-After: 1\r\n"), std::string::npos);
    EXPECT_EQ(server->statistics().connections_refused, 1U);
    EXPECT_EQ(server->statistics().connections_open, 2U);
  }
  EXPECT_TRUE(eventually([&] { return server->statistics().connections_open == 1; }));
  EXPECT_EQ(status_of(RawPeer(server->port()).say(kGet).hear_until("[] \n")), 200);
  EXPECT_EQ(status_of(first.say(kGet).hear_until("[] \n")), 200);
}

TEST(Budget, ExhaustedMeans503AndKeepsTheConnection) {
  ByteBudget budget(1000);
  Options options;
  options.budget = &budget;
  const auto server = serve(echo, options);
  EXPECT_EQ(&server->budget(), &budget);
  RawPeer peer(server->port());
  {
    const auto held = budget.reserve(1000);
    const std::string heard = peer.say(kGet).hear_until("shortly\n");
    EXPECT_EQ(status_of(heard), 503);
    EXPECT_NE(heard.find("Retry-After: 1\r\n"), std::string::npos);
  }
  EXPECT_EQ(status_of(peer.say(kGet).hear_until("[] \n")), 200);
  const auto held = budget.reserve(500);
  const std::string body(600, 'a');
  const std::string heard =
      peer.say("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 600\r\n\r\n" + body).hear_all();
  EXPECT_EQ(status_of(heard), 503);
  EXPECT_EQ(server->statistics().requests_refused, 2U);
  EXPECT_TRUE(eventually([&] { return budget.used() == 500; }));
}

TEST(Budget, HoldsWhatIsNotYetWritten) {
  ByteBudget budget(16 * kMebi);
  Options options;
  options.budget = &budget;
  const auto server = serve(
      [&](const Request&) {
        auto reservation = budget.reserve(12 * kMebi);
        Response response = text_response(reservation ? 200 : 503, "");
        if (reservation) {
          response.reservation = *std::move(reservation);
          response.body.assign(10 * kMebi, 'x');
        }
        return response;
      },
      options);
  RawPeer slow(server->port(), 4096);
  slow.say(kGetClose);
  ASSERT_TRUE(eventually([&] { return budget.used() > 10 * kMebi && budget.used() < 11 * kMebi; }))
      << budget.used();
  EXPECT_EQ(status_of(RawPeer(server->port()).say(kGetClose).hear_all()), 503);
  EXPECT_GT(slow.hear_all().size(), 10 * kMebi);
  EXPECT_TRUE(eventually([&] { return budget.used() == 0; }));
  EXPECT_EQ(status_of(RawPeer(server->port()).say(kGetClose).hear_all()), 200);
}

TEST(Requests, OverTheLimitInFlightAre503) {
  std::latch entered(1);
  std::latch leave(1);
  Options options;
  options.threads = 2;
  options.limits.requests_in_flight_max = 1;
  const auto server = serve(
      [&](const Request& request) {
        if (request.path == "/wait") {
          entered.count_down();
          leave.wait();
        }
        return echo(request);
      },
      options);
  RawPeer first(server->port());
  first.say("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  entered.wait();
  RawPeer second(server->port());  // lands on the other, less loaded thread
  EXPECT_EQ(status_of(second.say(kGet).hear_until("shortly\n")), 503);
  leave.count_down();
  EXPECT_EQ(status_of(first.hear_until("[] \n")), 200);
  EXPECT_TRUE(eventually([&] { return server->statistics().requests_in_flight == 0; }));
  EXPECT_EQ(status_of(second.say(kGet).hear_until("[] \n")), 200);
}

TEST(Stop, LetsRunningRequestsFinish) {
  std::latch entered(1);
  std::latch leave(1);
  const auto server = serve([&](const Request& request) {
    entered.count_down();
    leave.wait();
    return echo(request);
  });
  RawPeer running(server->port());
  running.say(kGet);
  entered.wait();
  RawPeer idle(server->port());
  ASSERT_TRUE(eventually([&] { return server->statistics().connections_open == 2; }));
  auto stopped = std::async(std::launch::async, [&] { server->stop(kPatience); });
  EXPECT_EQ(idle.hear_all(), "");
  EXPECT_TRUE(eventually([&] { return !RawPeer(server->port()).connected(); }));
  leave.count_down();
  const std::string heard = running.hear_all();
  EXPECT_EQ(status_of(heard), 200);
  EXPECT_NE(heard.find("Connection: close"), std::string::npos);
  stopped.get();
  EXPECT_EQ(server->statistics().connections_open, 0U);
  server->stop(0ms);
}

TEST(Stop, FinishesABodyUnderWayAndClosesWhatIsLeftAfterTheGrace) {
  const auto server = serve(echo);
  const std::string head =
      "PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
      "Content-Length: 3\r\n\r\n";
  RawPeer finishing(server->port());
  finishing.say(head).hear_until("\r\n\r\n");
  RawPeer stuck(server->port());
  stuck.say(head).hear_until("\r\n\r\n");
  auto stopped = std::async(std::launch::async, [&] { server->stop(500ms); });
  EXPECT_TRUE(eventually([&] { return !RawPeer(server->port()).connected(); }));
  EXPECT_EQ(status_of(finishing.say("abc").hear_all()), 200);
  EXPECT_EQ(stuck.hear_all(), "");
  stopped.get();
}

TEST(Start, Refusals) {
  const auto code = [](Options options) {
    const auto server = Server::start(std::move(options), echo);
    return server ? std::nullopt : std::optional(server.error().code);
  };
  EXPECT_EQ(code({.address = "0.0.0.0"}), ErrorCode::kForbidden);
  EXPECT_EQ(code({.address = "::"}), ErrorCode::kForbidden);
  EXPECT_EQ(code({.address = "192.0.2.1"}), ErrorCode::kForbidden);
  EXPECT_EQ(code({.address = "localhost"}), ErrorCode::kInvalid);
  EXPECT_EQ(code({.threads = kThreadsMax + 1}), ErrorCode::kInvalid);
  EXPECT_EQ(code({.address = "192.0.2.1", .allow_non_loopback = true}), ErrorCode::kUnavailable);
  EXPECT_EQ(code({.address = "127.0.0.2"}), std::nullopt);
  EXPECT_EQ(Server::start({}, Handler()).error().code, ErrorCode::kInvalid);
  const auto first = serve(echo);
  EXPECT_EQ(code({.port = first->port()}), ErrorCode::kUnavailable);
}

TEST(Clients, ManyAtOnce) {
  Options options;
  options.threads = 3;
  const auto server = serve(echo, options);
  std::atomic<int> right{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        auto client = Client::connect("localhost", server->port());
        for (int j = 0; client && j < 200; ++j) {
          Request request;
          request.method = "POST";
          request.set_target("/" + std::to_string(i) + "?n=" + std::to_string(j));
          request.body.assign(static_cast<size_t>(j) * 50, 'b');
          const auto response = client->send(request);
          right += response && response->body == echo(request).body ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(right, 1600);
  const Statistics statistics = server->statistics();
  EXPECT_EQ(statistics.answers_by_class[2], 1600U);
  EXPECT_EQ(statistics.connections_accepted, 8U);
  EXPECT_GT(statistics.bytes_in, 1600U * 50);
  EXPECT_GT(statistics.bytes_out, 1600U * 50);
}

TEST(Clients, Errors) {
  uint16_t free_port = 0;
  {
    const auto server = serve(echo);
    free_port = server->port();
  }
  EXPECT_EQ(Client::connect("127.0.0.1", free_port).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(Client::connect("no such host", 1).error().code, ErrorCode::kInvalid);

  Options options;
  options.limits.body_bytes_max = 10;
  std::latch leave(1);
  const auto server = serve(
      [&](const Request& request) {
        if (request.path == "/wait") {
          leave.wait();
        }
        return text_response(200, std::string(1000, 'x'));
      },
      options);
  Client client = Client::connect("127.0.0.1", server->port(),
                                  {.answer_time_max = 50ms, .limits = {.body_bytes_max = 1000}})
                      .value();
  EXPECT_EQ(client.get("/wait").error().code, ErrorCode::kDeadline);
  leave.count_down();
  EXPECT_EQ(client.get("/bad target").error().code, ErrorCode::kInvalid);
  Client patient = Client::connect("127.0.0.1", server->port()).value();
  EXPECT_EQ(patient.get("/")->status, 200);
  Request head;
  head.method = "HEAD";
  EXPECT_EQ(patient.send(head)->body, "");
  Request large;
  large.method = "PUT";
  large.body.assign(5'000'000, 'a');
  const auto refused = patient.send(large);
  EXPECT_TRUE(!refused || refused->status == 413);
  EXPECT_EQ(patient.get("/again")->status, 200);
  Client narrow =
      Client::connect("127.0.0.1", server->port(), {.limits = {.body_bytes_max = 999}}).value();
  EXPECT_EQ(narrow.get("/").error().code, ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace continuum::http
