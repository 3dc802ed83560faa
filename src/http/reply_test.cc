// Answers that come after the handler has returned.
#include "http/reply.h"

#include <condition_variable>
#include <deque>
#include <future>
#include <latch>
#include <mutex>

#include "http/client.h"
#include "http/raw_peer_test.h"

namespace continuum::http {
namespace {

// Replies kept until the test wants them sent.
class Kept {
 public:
  DeferringHandler handler() {
    return [this](const Request& request, Reply reply) {
      Response response = echo(request);
      std::lock_guard lock(mutex_);
      kept_.emplace_back(std::move(reply), std::move(response));
    };
  }
  size_t size() {
    std::lock_guard lock(mutex_);
    return kept_.size();
  }
  std::pair<Reply, Response> take() {
    std::lock_guard lock(mutex_);
    auto first = std::move(kept_.front());
    kept_.pop_front();
    return first;
  }
  void send() {
    auto [reply, response] = take();
    reply.send(std::move(response));
  }

 private:
  std::mutex mutex_;
  std::deque<std::pair<Reply, Response>> kept_;
};

Options one_thread() {
  Options options;
  options.threads = 1;
  return options;
}

TEST(Replies, KeepNobodyElseWaiting) {
  Kept kept;
  const auto server = serve(DeferringHandler([&](const Request& request, Reply reply) {
                              if (request.path == "/later") {
                                kept.handler()(request, std::move(reply));
                              } else {
                                reply.send(echo(request));
                              }
                            }),
                            one_thread());
  RawPeer waiting(server->port());
  waiting.say("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return kept.size() == 1; }));
  RawPeer other(server->port());
  EXPECT_EQ(status_of(other.say(kGetClose).hear_all()), 200);
  EXPECT_EQ(server->statistics().requests_in_flight, 1U);
  kept.send();
  EXPECT_NE(waiting.hear_until("[] \n").find("GET /later"), std::string::npos);
}

TEST(Replies, OfOneConnectionStayInOrder) {
  Kept kept;
  const auto server = serve(kept.handler(), one_thread());
  RawPeer peer(server->port());
  peer.say("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return kept.size() == 1; }));
  // The second is not begun before the first is answered.
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(kept.size(), 1U);
  kept.send();
  EXPECT_NE(peer.hear_until("[] \n").find("GET /1"), std::string::npos);
  ASSERT_TRUE(eventually([&] { return kept.size() == 1; }));
  kept.send();
  EXPECT_NE(peer.hear_until("[] \n").find("GET /2"), std::string::npos);
}

TEST(Replies, GivenUpAre500) {
  const auto server = serve(DeferringHandler([](const Request&, Reply) {}));
  EXPECT_EQ(status_of(RawPeer(server->port()).say(kGetClose).hear_all()), 500);
  const auto throwing = serve(DeferringHandler(
      [](const Request&, Reply) { throw std::runtime_error("never seen outside"); }));
  const std::string heard = RawPeer(throwing->port()).say(kGetClose).hear_all();
  EXPECT_EQ(status_of(heard), 500);
  EXPECT_EQ(heard.find("never seen"), std::string::npos);

  Kept kept;
  const auto later = serve(kept.handler());
  RawPeer peer(later->port());
  peer.say(kGetClose);
  ASSERT_TRUE(eventually([&] { return kept.size() == 1; }));
  { auto given_up = kept.take(); }
  EXPECT_EQ(status_of(peer.hear_all()), 500);
}

TEST(Replies, LeaveNotBeforeTheirTime) {
  using Clock = std::chrono::steady_clock;
  const auto server = serve(DeferringHandler([](const Request& request, Reply reply) {
                              Response response = echo(request);
                              reply.send(std::move(response), Clock::now() + 50ms);
                            }),
                            one_thread());
  // Side by side: a thread that slept would take them one after the other.
  const auto begun = Clock::now();
  std::deque<RawPeer> peers;
  for (int i = 0; i < 40; ++i) {
    peers.emplace_back(server->port()).say(kGetClose);
  }
  for (RawPeer& peer : peers) {
    EXPECT_EQ(status_of(peer.hear_all()), 200);
    EXPECT_GE(Clock::now() - begun, 50ms);
  }
  EXPECT_LT(Clock::now() - begun, 40 * 50ms);
}

// What takes long to answer is no slow request.
TEST(Replies, OutliveTheTimeLimitsOfRequests) {
  Kept kept;
  Options options = one_thread();
  options.limits.header_ms_max = options.limits.body_ms_max = options.limits.idle_ms_max = 40;
  const auto server = serve(kept.handler(), options);
  RawPeer peer(server->port());
  peer.say("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
  ASSERT_TRUE(eventually([&] { return kept.size() == 1; }));
  std::this_thread::sleep_for(200ms);
  kept.send();
  EXPECT_EQ(status_of(peer.hear_all()), 200);
  EXPECT_EQ(server->statistics().timeouts, 0U);
}

TEST(Replies, ToPeersThatAreGoneAreDropped) {
  Kept kept;
  const auto server = serve(kept.handler(), one_thread());
  for (int i = 0; i < 20; ++i) {
    RawPeer(server->port()).say(kGet);
  }
  ASSERT_TRUE(eventually([&] { return kept.size() == 20; }));
  for (int i = 0; i < 20; ++i) {
    kept.send();
  }
  EXPECT_TRUE(eventually([&] { return server->statistics().connections_open == 0; }));
  EXPECT_EQ(server->statistics().requests_in_flight, 0U);
}

TEST(Replies, AreWaitedForByStop) {
  Kept kept;
  const auto server = serve(kept.handler(), one_thread());
  RawPeer answered(server->port());
  answered.say(kGet);
  ASSERT_TRUE(eventually([&] { return kept.size() == 1; }));
  auto stopped = std::async(std::launch::async, [&] { server->stop(kPatience); });
  std::this_thread::sleep_for(20ms);
  kept.send();
  EXPECT_NE(answered.hear_all().find("Connection: close"), std::string::npos);
  stopped.get();

  Kept late;
  const auto impatient = serve(late.handler(), one_thread());
  RawPeer cut(impatient->port());
  cut.say(kGet);
  ASSERT_TRUE(eventually([&] { return late.size() == 1; }));
  std::atomic<bool> is_over{false};
  auto cutting = std::async(std::launch::async, [&] {
    impatient->stop(0ms);
    is_over = true;
  });
  EXPECT_EQ(cut.hear_all(), "");
  std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(is_over);  // whoever holds the Reply may still use it
  late.send();
  cutting.get();
}

// Answers of many threads at once, each to the peer that asked.
TEST(Replies, OfOtherThreadsReachTheirPeers) {
  std::mutex mutex;
  std::condition_variable more;
  std::deque<std::pair<Reply, Response>> waiting;
  bool over = false;
  Options options;
  options.threads = 2;
  const auto server = serve(DeferringHandler([&](const Request& request, Reply reply) {
                              std::lock_guard lock(mutex);
                              waiting.emplace_back(std::move(reply), echo(request));
                              more.notify_one();
                            }),
                            options);
  std::vector<std::jthread> answering;
  for (int i = 0; i < 3; ++i) {
    answering.emplace_back([&] {
      std::unique_lock lock(mutex);
      while (true) {
        more.wait(lock, [&] { return over || !waiting.empty(); });
        if (waiting.empty()) {
          return;
        }
        auto [reply, response] = std::move(waiting.front());
        waiting.pop_front();
        lock.unlock();
        reply.send(std::move(response));
        lock.lock();
      }
    });
  }
  std::atomic<int> right{0};
  {
    std::vector<std::jthread> asking;
    for (int i = 0; i < 6; ++i) {
      asking.emplace_back([&, i] {
        auto client = Client::connect("localhost", server->port());
        for (int j = 0; client && j < 200; ++j) {
          Request request;
          request.set_target("/" + std::to_string(i) + "?n=" + std::to_string(j));
          const auto response = client->send(request);
          right += response && response->body == echo(request).body ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(right, 1200);
  std::lock_guard lock(mutex);
  over = true;
  more.notify_all();
}

}  // namespace
}  // namespace continuum::http
