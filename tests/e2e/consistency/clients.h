// Those who write and read at once, and what they note of it.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/e2e/consistency/caller.h"
#include "tests/e2e/consistency/history.h"

namespace continuum::consistency {

// A resource that all clients of a system know.
struct Slot {
  uint32_t resource = 0;
  uint32_t patient = 0;             // the resource that its Patient is
  std::string path;                 // "Observation/[id]"
  std::atomic<uint32_t> newest{0};  // version acknowledged so far

  bool is_patient() const { return resource == patient; }
};

struct System {
  std::string token;
  std::deque<Slot> slots;
  std::vector<Slot*> patients;
};

// What all clients share. Systems stay as they are while clients run.
struct Field {
  std::deque<System> systems;
  std::atomic<uint32_t> resources{0};
  std::atomic<uint64_t> markers{0};
  std::atomic<bool> is_over{false};

  uint32_t new_resource() { return resources++; }
  uint64_t new_marker() { return ++markers; }
};

// A resource whose id the server gives.
struct Creation {
  size_t system = 0;
  uint32_t resource = 0;
  uint32_t patient = 0;
  uint64_t marker = 0;
  std::string path;  // empty: no answer came
};

// A record as it was shown, its resources by path.
struct ShownRecord {
  Nanos begin = 0;
  Nanos end = 0;
  uint32_t patient = 0;
  std::vector<Shown> seen;
};

struct Log {
  std::vector<Request> requests;
  std::vector<Read> reads;
  std::vector<HistoryRead> history_reads;
  std::vector<ShownRecord> records;
  std::vector<Creation> creations;
  std::map<std::string, uint64_t> counts;
  std::vector<std::string> problems;
};

// One client of one system. One thread at a time.
class Client {
 public:
  Client(Field& field, size_t system, const Server& server, uint64_t seed)
      : field_(field),
        system_(field.systems[system]),
        system_number_(system),
        caller_(server, system_.token),
        random_(seed) {}

  // One after the other, until it is over.
  void write_on();
  void read_on();

  // A Patient, or an Observation of one (null: a Patient). Its path; empty: it was not made, or
  // nobody knows.
  std::string create(const Slot* patient, uint32_t resource);

  const Log& log() const { return log_; }
  const Caller& caller() const { return caller_; }

 private:
  enum class Match : uint8_t { kAny, kNewest };

  void write_once();
  void put(Slot& slot, Match match);
  void patch(Slot& slot, Match match);
  void remove(Slot& slot, Match match);
  void create_and_remove();
  void transact();
  void add_entry(Slot& slot, uint64_t marker, Request& request, std::string& entries);
  void add_creation(const Slot& patient, uint64_t marker, Request& request, std::string& entries);
  std::vector<Slot*> some_slots();

  void read_newest(const Slot& slot);
  void read_version(const Slot& slot);
  void read_history(const Slot& slot);
  void read_record(const Slot& patient);

  // Asks, and notes the request and what came of it. Nothing: no answer, or a refusal.
  std::optional<http::Response> send(const char* what, const Question& question, Request& request);
  // Of one change.
  void change(const char* what, const Question& question, Slot& slot, uint64_t marker);
  // Notes what came when it was not `status`; true when it was.
  bool is(int status, const char* what, const std::optional<Answer>& answer);
  void note_failure(const char* what, const Answer& answer);
  void add_problem(std::string text);
  void pause();
  Slot& any_slot() { return system_.slots[random_.below(system_.slots.size())]; }
  Slot& any_observation();
  std::optional<uint32_t> condition(const Slot& slot, Match match);

  Field& field_;
  System& system_;
  size_t system_number_;
  Caller caller_;
  SeededRandom random_;
  Log log_;
};

}  // namespace continuum::consistency
