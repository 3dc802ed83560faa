#include "http/message.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>

namespace continuum::http {
namespace {

TEST(Headers, CompareNamesWithoutCase) {
  Headers headers;
  headers.add("Accept", "a");
  headers.add("X-One", "1");
  headers.add("ACCEPT", "b");
  EXPECT_EQ(headers.find("accept"), "a");
  EXPECT_EQ(headers.joined("Accept"), "a, b");
  EXPECT_EQ(headers.count("aCCept"), 2U);
  EXPECT_FALSE(headers.find("Accep"));
  headers.set("accept", "c");
  EXPECT_EQ(headers.count("Accept"), 1U);
  EXPECT_EQ(headers.at(1).value, "c");
  headers.remove("x-one");
  EXPECT_EQ(headers.size(), 1U);
  headers.clear();
  EXPECT_TRUE(headers.empty());
}

TEST(Request, SplitsItsTarget) {
  Request request;
  request.set_target("/a/b?c=d?e");
  EXPECT_EQ(request.path, "/a/b");
  EXPECT_EQ(request.query, "c=d?e");
  request.set_target("/a");
  EXPECT_EQ(request.path, "/a");
  EXPECT_EQ(request.query, "");
}

TEST(ByteBudget, ReservationsAddUp) {
  ByteBudget budget(100);
  auto first = budget.reserve(60);
  ASSERT_TRUE(first);
  EXPECT_EQ(budget.reserve(41).error().code, ErrorCode::kBusy);
  auto second = budget.reserve(40);
  ASSERT_TRUE(second);
  EXPECT_TRUE(budget.exhausted());
  EXPECT_TRUE(budget.reserve(0));
  EXPECT_EQ(first->grow(1).error().code, ErrorCode::kBusy);
  second->shrink_to(10);
  EXPECT_TRUE(first->grow(30));
  EXPECT_EQ(first->bytes(), 90U);
  ByteBudget::Reservation moved = *std::move(first);
  EXPECT_EQ(budget.used(), 100U);
  moved = ByteBudget::Reservation();
  EXPECT_EQ(budget.used(), 10U);
  const auto over = budget.charge(1000);
  EXPECT_EQ(budget.used(), 1010U);
  EXPECT_EQ(budget.reserve(1).error().code, ErrorCode::kBusy);
  EXPECT_FALSE(ByteBudget::Reservation().grow(1));
}

TEST(ByteBudget, NeverOverItsLimitAcrossThreads) {
  ByteBudget budget(1000);
  std::atomic<bool> over{false};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 5'000; ++j) {
          const auto held = budget.reserve(400);
          over = over || budget.used() > 1000;
        }
      });
    }
  }
  EXPECT_FALSE(over);
  EXPECT_EQ(budget.used(), 0U);
}

}  // namespace
}  // namespace continuum::http
