// Ends the process at its n-th allocation, as the program does when it gets no memory (src/main),
// for many n over a whole life of a store: what was acknowledged is there, and it goes on.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "record/power_cut_test.h"
#include "record/store_fixture_test.h"

namespace {

// Counts down to the one that fails; below zero: none does.
std::atomic<int64_t> allocations_left{-1};
constexpr int kOutOfMemory = 42;

// Not inlined: compilers know which of malloc and new belong together.
[[gnu::noinline]] void* allocate(std::size_t size, std::size_t alignment) {
  if (allocations_left >= 0 && allocations_left.fetch_sub(1) == 0) {
    std::_Exit(kOutOfMemory);
  }
  void* at = alignment <= alignof(std::max_align_t)
                 ? std::malloc(size)
                 : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (at == nullptr) {
    std::abort();
  }
  return at;
}

[[gnu::noinline]] void release(void* at) {
  std::free(at);
}

}  // namespace

void* operator new(std::size_t size) {
  return allocate(size, alignof(std::max_align_t));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size, alignof(std::max_align_t));
}
void operator delete(void* at) noexcept {
  release(at);
}
void operator delete(void* at, std::size_t) noexcept {
  release(at);
}
void operator delete(void* at, std::align_val_t) noexcept {
  release(at);
}
void operator delete(void* at, std::size_t, std::align_val_t) noexcept {
  release(at);
}

namespace continuum::record {
namespace {

Draw patient(int number) {
  std::string name = "p" + std::to_string(number);
  return {"Patient", name, name, R"("name":[{"family":"F"}])", "999|1980-01-31"};
}
Draw observation(int number, int change) {
  return {"Observation", "o" + std::to_string(number), "p" + std::to_string(number % 4),
          "\"note\":[{\"text\":\"" + std::to_string(change) + "\"}]"};
}

constexpr int kCommits = 12;

// Acknowledges each step by a byte: the load, then each commit.
int live(const StoreOptions& options, int acknowledge) {
  auto step = [acknowledge](const Status& done) {
    return done && ::write(acknowledge, "+", 1) == 1;
  };
  auto store = open_store(options);
  if (!store) {
    return 1;
  }
  Writer writer(**store);
  std::vector<Draw> draws;
  for (int i = 0; i < 4; ++i) {
    draws.push_back(patient(i));
    draws.push_back(observation(i, 0));
  }
  if (!step(writer.load(draws))) {
    return 2;
  }
  for (int i = 1; i <= kCommits; ++i) {
    auto done = writer.put(observation(i % 4, i));
    if (!step(done ? Status() : fail(done.error()))) {
      return 3;
    }
  }
  return 0;
}

// Whether all that was acknowledged is there, and it goes on.
int look(const StoreOptions& options, int acknowledged) {
  auto store = open_store(options);
  if (!store) {
    return 1;
  }
  Writer writer(**store);
  for (int number = 0; acknowledged > 0 && number < 4; ++number) {
    auto read = writer.read(observation(number, 0));
    if (!read) {
      return 2;
    }
    int last = 0;
    for (int i = 1; i < acknowledged; ++i) {
      last = i % 4 == number ? i : last;
    }
    // The commit under way may be there too.
    bool is_there = read->find(observation(number, last).members) != std::string::npos;
    bool is_next = acknowledged % 4 == number &&
                   read->find(observation(number, acknowledged).members) != std::string::npos;
    if (!is_there && !is_next) {
      return 3;
    }
  }
  if (!writer.findings().empty()) {
    return 4;
  }
  if (acknowledged == 0) {
    return 0;
  }
  return writer.put(observation(0, 1'000)) && writer.findings().empty() ? 0 : 5;
}

// In a process of its own: threads of RocksDB don't survive a fork. Its exit code.
int run_apart(const std::function<int()>& work) {
  pid_t child = ::fork();
  if (child == 0) {
    std::_Exit(work());
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1'000 + WTERMSIG(status);
}

TEST(Allocation, AnyMayBeTheLast) {
  StoreOptions options;
  options.region_key = region_key();
  options.tiny = true;
  int64_t next = 0;
  int64_t step = static_cast<int64_t>(cut_stride(24));
  size_t lives = 0;
  for (bool completed = false; !completed && !HasFailure(); ++lives) {
    options.data_folder = fresh_folder();
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const int ended = run_apart([&] {
      ::close(pipe[0]);
      allocations_left = next;
      return live(options, pipe[1]);
    });
    ::close(pipe[1]);
    char bytes[64];
    const int acknowledged = static_cast<int>(::read(pipe[0], bytes, sizeof bytes));
    ::close(pipe[0]);
    completed = ended == 0;
    EXPECT_TRUE(completed || ended == kOutOfMemory) << ended << " at " << next;
    EXPECT_TRUE(!completed || acknowledged == kCommits + 1);
    EXPECT_EQ(run_apart([&] { return look(options, acknowledged); }), 0)
        << "ended at " << next << ", " << acknowledged << " acknowledged";
    std::filesystem::remove_all(options.data_folder);
    std::filesystem::remove_all(options.data_folder + ".keys");
    // Every allocation of the start is much like its neighbours.
    next += step + next / 12;
  }
  std::cout << lives << " lives, " << next << " allocations\n";
  EXPECT_GT(lives, 40U);
}

}  // namespace
}  // namespace continuum::record
