// The way to a store that is at work: what a client gets, and what becomes of one that misbehaves.
#include "service/backup_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <vector>

#include "service/limits.h"

namespace continuum::service {
namespace {

using std::chrono::milliseconds;

class BackupSocketTest : public testing::Test {
 protected:
  void SetUp() override {
    // Longer than the name of a socket can be.
    folder_ = testing::TempDir() + "/continuum_socket_" + std::to_string(getpid()) + "/" +
              std::string(120, 'd');
    std::filesystem::remove_all(folder_);
    record::StoreOptions options;
    options.data_folder = folder_;
    options.cache_bytes = 1 << 20;
    options.tiny = true;
    auto store = record::open_store(options);
    ASSERT_TRUE(store) << store.error().text();
    store_ = std::move(*store);
    start(milliseconds(60'000));
  }
  void TearDown() override {
    socket_.reset();
    store_.reset();
    std::filesystem::remove_all(std::filesystem::path(folder_).parent_path());
  }
  void start(milliseconds ms_max) {
    socket_.reset();
    auto socket = BackupSocket::start(
        {.store = *store_,
         .path = path(),
         .note = [this](std::string_view outcome,
                        std::string_view details) { return note(outcome, details); },
         .line_ms_max = ms_max,
         .session_ms_max = ms_max});
    ASSERT_TRUE(socket) << socket.error().text();
    socket_ = std::move(*socket);
  }
  Status note(std::string_view outcome, std::string_view details) {
    std::lock_guard lock(mutex_);
    if (refuses_) {
      return fail(ErrorCode::kUnavailable, "the disk takes nothing");
    }
    notes_.push_back(std::string(outcome) + " " + std::string(details));
    return {};
  }
  std::vector<std::string> notes() {
    std::lock_guard lock(mutex_);
    return notes_;
  }
  // Once the socket's thread is through with what came before.
  std::vector<std::string> notes_at_the_end() {
    socket_.reset();
    return notes();
  }
  std::string path() const { return backup_socket_path(folder_); }
  bool has_moment() const { return std::filesystem::exists(folder_ + "/moment/CURRENT"); }
  // Says that, and what comes back.
  std::string say(std::string_view text) {
    auto previous = std::filesystem::current_path();
    std::filesystem::current_path(folder_);
    int client = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::string_view("backup.socket").copy(name.sun_path, sizeof(name.sun_path) - 1);
    EXPECT_EQ(::connect(client, reinterpret_cast<const sockaddr*>(&name), sizeof(name)), 0);
    std::filesystem::current_path(previous);
    EXPECT_EQ(::send(client, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
    std::string answer(1'000, '\0');
    ssize_t got = ::recv(client, answer.data(), answer.size(), 0);
    answer.resize(got > 0 ? static_cast<size_t>(got) : 0);
    ::close(client);
    return answer;
  }

  std::string folder_;
  std::unique_ptr<record::Store> store_;
  std::mutex mutex_;
  std::vector<std::string> notes_;
  std::atomic<bool> refuses_{false};
  std::unique_ptr<BackupSocket> socket_;
};

TEST_F(BackupSocketTest, KeepsAMomentUntilTheBackupIsDone) {
  struct stat info {};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  for (int round = 0; round < 2; ++round) {
    auto client = BackupClient::connect(path());
    ASSERT_TRUE(client) << client.error().text();
    Status frozen = client->freeze();
    ASSERT_TRUE(frozen) << frozen.error().text();
    EXPECT_TRUE(has_moment());
    auto other = BackupClient::connect(path());
    ASSERT_TRUE(other);
    EXPECT_EQ(other->freeze().error().code, ErrorCode::kBusy);
    Status done = client->done({"1-20261122T211500Z", 3, 4, 5, 6});
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_FALSE(has_moment());
  }
  const std::vector<std::string> once{
      "begun {}", R"(done {"moment":"1-20261122T211500Z","t":3,"entries":4,"files":5,"bytes":6})"};
  EXPECT_EQ(notes(), (std::vector<std::string>{once[0], once[1], once[0], once[1]}));
  socket_.reset();
  EXPECT_EQ(BackupClient::connect(path()).error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(BackupSocketTest, AClientThatGoesAwayHasFailed) {
  {
    auto client = BackupClient::connect(path());
    ASSERT_TRUE(client && client->freeze());
  }
  auto next = BackupClient::connect(path());
  ASSERT_TRUE(next);
  Status frozen = next->freeze();
  while (!frozen && frozen.error().code == ErrorCode::kBusy) {  // the first is not yet missed
    next = BackupClient::connect(path());
    frozen = next->freeze();
  }
  ASSERT_TRUE(frozen);
  EXPECT_EQ(notes_at_the_end(),
            (std::vector<std::string>{"begun {}", R"(failed {"code":"cancelled"})", "begun {}",
                                      R"(failed {"code":"unavailable"})"}));
  EXPECT_FALSE(has_moment());
  EXPECT_EQ(next->done({"1", 1, 1, 1, 1}).error().code, ErrorCode::kUnavailable);
}

TEST_F(BackupSocketTest, RefusesWhatIsNotTheProtocol) {
  for (const std::string& text :
       {std::string("\n"), std::string("backup\n"), std::string("backup 2\n"),
        std::string("done 1 1 1 1 1\n"), std::string("backup 1 \n"),
        std::string(kBackupLineBytesMax, 'a'), std::string(kBackupLineBytesMax, 'a') + "\n",
        std::string("backup 1\nbackup 1\n"), std::string("GET / HTTP/1.1\r\n\r\n"),
        std::string("backup\0 1\n", 10)}) {
    EXPECT_TRUE(say(text).starts_with("error ")) << text;
  }
  for (const char* line :
       {"done", "done 1", "done 1 1 1 1", "done 1 1 1 1 1 1", "done a/b 1 1 1 1", "done 1 01 1 1 1",
        "done 1 1 1 1 99999999999999999999", "done 1 -1 1 1 1", "done  1 1 1 1", "backup 1", ""}) {
    EXPECT_TRUE(say("backup 1\n" + std::string(line) + "\n").starts_with("error ")) << line;
  }
  auto all = notes_at_the_end();
  EXPECT_EQ(std::count_if(all.begin(), all.end(),
                          [](const auto& note) { return note.starts_with("done"); }),
            0);
}

TEST_F(BackupSocketTest, WhatTakesTooLongOrCanNotBeNotedIsRefused) {
  start(milliseconds(50));
  EXPECT_TRUE(say("backup").starts_with("error deadline"));
  {
    auto client = BackupClient::connect(path());
    ASSERT_TRUE(client && client->freeze());
    std::this_thread::sleep_for(milliseconds(300));
    EXPECT_FALSE(has_moment());
    EXPECT_FALSE(client->done({"1", 1, 1, 1, 1}));
  }
  refuses_ = true;
  auto client = BackupClient::connect(path());
  ASSERT_TRUE(client);
  EXPECT_EQ(client->freeze().error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(has_moment());
}

}  // namespace
}  // namespace continuum::service
