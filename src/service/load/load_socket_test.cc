// Loads that another process is asked for: what is asked and answered, and who goes away.
#include "service/load/load_socket.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "service/load/limits.h"

namespace continuum::service {
namespace {

using std::chrono::milliseconds;

class LoadSocketTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/continuum_load_socket_" + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
    auto socket = LoadSocket::start(
        {.path = path(),
         .carry_out = [this](const LoadOrder& order, const LoadProgressSink& progress,
                             const std::atomic<bool>& stop) {
           return carry_out(order, progress, stop);
         }});
    ASSERT_TRUE(socket) << socket.error().text();
    socket_ = std::move(*socket);
  }
  void TearDown() override {
    socket_.reset();
    EXPECT_FALSE(std::filesystem::exists(path())) << "the socket goes with its server";
    std::filesystem::remove_all(folder_);
  }

  std::string path() const { return load_socket_path(folder_); }

  Result<LoadAnswer> carry_out(const LoadOrder& order, const LoadProgressSink& progress,
                               const std::atomic<bool>& stop) {
    order_ = order;
    progress({true, 5, 10, 3});
    ++begun_;
    while (waits_ && !stop) {
      std::this_thread::sleep_for(milliseconds(1));
    }
    if (stop) {
      ++stopped_;
      return fail(ErrorCode::kCancelled, "stopped");
    }
    if (fails_) {
      return fail(ErrorCode::kInvalid, "no\nsuch source");
    }
    return answer_;
  }
  void wait_until_begun() const {
    while (begun_ == 0) {
      std::this_thread::sleep_for(milliseconds(1));
    }
  }
  // Says that; the first line that comes back but for progress.
  std::string say(const std::string& text) const {
    auto client = LineSocket::connect(path(), "load socket", kLoadSocketLineBytesMax);
    EXPECT_TRUE(client);
    EXPECT_TRUE(client->send(text));
    while (true) {
      auto line = client->wait_for_line(milliseconds(20'000));
      if (!line || !line->starts_with("at ")) {
        return line ? *line : std::string(to_string(line.error().code));
      }
    }
  }

  std::string folder_;
  LoadOrder order_;
  LoadAnswer answer_;
  std::atomic<bool> waits_{false};
  std::atomic<bool> fails_{false};
  std::atomic<int> begun_{0};
  std::atomic<int> stopped_{0};
  std::unique_ptr<LoadSocket> socket_;
};

TEST_F(LoadSocketTest, CarriesTheOrderAndTheAnswer) {
  answer_ = {std::string(300'000, 'o') + "\n", "refused: \xC3\xA9\n", 3};
  LoadOrder order{"gp-a", 3, {"/a b", "/c%20\xFF"}};
  auto answer = load_through(path(), order, {});
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->out, answer_.out);
  EXPECT_EQ(answer->err, answer_.err);
  EXPECT_EQ(answer->exit_code, 3);
  EXPECT_EQ(order_.source, "gp-a");
  EXPECT_EQ(order_.threads, 3U);
  EXPECT_EQ(order_.paths, order.paths);
}

TEST_F(LoadSocketTest, TellsHowFarItIs) {
  waits_ = true;
  bool told = false;
  auto answer = load_through(path(), {"gp", 1, {"/a"}}, [&](const LoadProgress& at) {
    told = told ||
           (at.storing && at.bytes_done == 5 && at.bytes_total == 10 && at.resources_done == 3);
    waits_ = !told;
  });
  EXPECT_TRUE(answer && told);
}

TEST_F(LoadSocketTest, ErrorsAreTheServers) {
  fails_ = true;
  auto answer = load_through(path(), {"gp", 1, {"/a"}}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kInvalid);
  EXPECT_NE(answer.error().text().find("no such source"), std::string::npos);
  answer = load_through(folder_ + "/nobody", {"gp", 1, {"/a"}}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
}

TEST_F(LoadSocketTest, AClientThatGoesAwayStopsItsLoad) {
  waits_ = true;
  {
    auto client = LineSocket::connect(path(), "load socket", kLoadSocketLineBytesMax);
    ASSERT_TRUE(client);
    ASSERT_TRUE(client->send("load 1 1 gp 1\n/a\n"));
    wait_until_begun();
  }
  while (stopped_ == 0) {
    std::this_thread::sleep_for(milliseconds(1));
  }
}

TEST_F(LoadSocketTest, AServerThatStopsEndsTheLoad) {
  waits_ = true;
  std::thread stopper([this] {
    wait_until_begun();
    socket_.reset();
  });
  auto answer = load_through(path(), {"gp", 1, {"/a"}}, {});
  stopper.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kCancelled);
}

TEST_F(LoadSocketTest, OneAtATime) {
  waits_ = true;
  std::thread first([this] { EXPECT_TRUE(load_through(path(), {"gp", 1, {"/a"}}, {})); });
  wait_until_begun();
  auto second = load_through(path(), {"gp", 1, {"/a"}}, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
  waits_ = false;
  first.join();
}

TEST_F(LoadSocketTest, RefusesWhatIsNotTheProtocol) {
  for (const char* text :
       {"\n", "load 2 1 gp 1\n/a\n", "load 1 0 gp 1\n/a\n", "load 1 257 gp 1\n/a\n",
        "load 1 x gp 1\n/a\n", "load 1 1 gp\n", "load 1 1 gp 0\n", "load 1 1 gp 10001\n",
        "load 1 1 gp 1 1\n/a\n", "load 1 1 gp 1\na/b\n", "load 1 1 gp 1\n\n"}) {
    EXPECT_TRUE(say(text).starts_with("error invalid ")) << text;
  }
  EXPECT_TRUE(say(std::string(kLoadSocketLineBytesMax, 'x')).starts_with("error too_large "));
  EXPECT_EQ(begun_, 0);
  for (const char* given : {"a", "", "/a\nb"}) {
    auto answer = load_through(path(), {"gp", 1, {given}}, {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kInvalid) << given;
  }
  EXPECT_EQ(begun_, 0);
}

}  // namespace
}  // namespace continuum::service
