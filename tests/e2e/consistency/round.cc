#include "tests/e2e/consistency/round.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/e2e/consistency/checker.h"
#include "tests/e2e/consistency/clients.h"
#include "tests/e2e/consistency/limits.h"

namespace continuum::consistency {
namespace {

class Round {
 public:
  Round(Server& server, const std::vector<std::string>& tokens, uint64_t seed, Tally& tally)
      : server_(server), random_(seed), tally_(tally) {
    for (const std::string& token : tokens) {
      field_.systems.emplace_back();
      field_.systems.back().token = token;
    }
    for (size_t i = 0; i < tokens.size(); ++i) {
      sweepers_.push_back(new_client(i));
    }
  }

  Status run() {
    Status done = make_all_slots();
    if (done) {
      done = disturb();
    }
    for (std::thread& thread : threads_) {
      thread.join();
    }
    gather();
    TRY(done);
    TRY(sweep());
    for (const Finding& finding : check(history_)) {
      tally_.add_problem(fmt::format("{}: {}", to_string(finding.fault), finding.text));
    }
    ++tally_.rounds;
    return {};
  }

 private:
  std::unique_ptr<Client> new_client(size_t system) {
    return std::make_unique<Client>(field_, system, server_, random_.next());
  }

  Status make_all_slots() {
    for (size_t i = 0; i < field_.systems.size(); ++i) {
      TRY(make_slots(i));
    }
    return {};
  }

  Status make_slots(size_t number) {
    System& system = field_.systems[number];
    for (uint32_t p = 0; p < kPatientsEach; ++p) {
      TRY(Slot* const patient, make_slot(number, nullptr));
      system.patients.push_back(patient);
      for (uint32_t o = 0; o < kObservationsEach; ++o) {
        TRY(make_slot(number, patient));
      }
    }
    return {};
  }

  Result<Slot*> make_slot(size_t number, const Slot* patient) {
    Slot& slot = field_.systems[number].slots.emplace_back();
    slot.resource = field_.new_resource();
    slot.patient = patient == nullptr ? slot.resource : patient->resource;
    slot.path = sweepers_[number]->create(patient, slot.resource);
    slot.newest = 1;
    return slot.path.empty() ? Result<Slot*>(fail(ErrorCode::kUnavailable, "nothing can be made"))
                             : Result<Slot*>(&slot);
  }

  void start_clients() {
    for (size_t i = 0; i < kWriters + kReaders; ++i) {
      clients_.push_back(new_client(i % field_.systems.size()));
      Client* client = clients_.back().get();
      threads_.emplace_back([client, is_writer = i < kWriters] {
        is_writer ? client->write_on() : client->read_on();
      });
    }
  }

  void live_on() {
    std::this_thread::sleep_for(milliseconds(random_.between(kLifeMin.count(), kLifeMax.count())));
  }

  // Always ends the clients; their threads are still to be joined.
  Status disturb() {
    start_clients();
    Status started;
    const uint64_t kills = 1 + random_.below(kKillsMax);
    for (uint64_t i = 0; i < kills && started; ++i) {
      live_on();
      server_.kill();
      kills_.push_back(now());
      started = server_.start();
    }
    live_on();
    field_.is_over = true;
    tally_.kills += kills_.size();
    return started;
  }

  // --- what came of it ---------------------------------------------------------------------------

  void gather() {
    for (const auto& sweeper : sweepers_) {
      gather(*sweeper);
    }
    for (const auto& client : clients_) {
      gather(*client);
    }
    for (Request& request : history_.requests) {
      if (request.outcome == Outcome::kUnknown) {
        request.end = surely_gone(request.end);
      }
    }
    history_.resources.resize(field_.resources);
    for (const Creation& creation : creations_) {
      history_.resources[creation.resource].patient = creation.patient;
    }
  }

  template <typename T>
  static void append(std::vector<T>& to, const std::vector<T>& from) {
    to.insert(to.end(), from.begin(), from.end());
  }

  void gather(const Client& client) {
    const Log& log = client.log();
    append(history_.requests, log.requests);
    append(history_.reads, log.reads);
    append(history_.history_reads, log.history_reads);
    append(records_, log.records);
    append(creations_, log.creations);
    append(tally_.receipts, client.caller().receipts());
    for (const std::string& problem : log.problems) {
      tally_.add_problem(problem);
    }
    for (const auto& [what, count] : log.counts) {
      tally_.counts[what] += count;
    }
    if (client.caller().without_receipt() > 0) {
      tally_.add_problem(
          fmt::format("{} answers without receipt", client.caller().without_receipt()));
    }
  }

  // A request that was not answered by `end` was sent to the server that was killed last then, or
  // to the one after it.
  Nanos surely_gone(Nanos end) const {
    const auto kill = std::lower_bound(kills_.begin(), kills_.end(), end);
    return kill == kills_.end() ? now() : *kill;
  }

  // --- what is there in the end ------------------------------------------------------------------

  Status sweep() {
    for (size_t i = 0; i < field_.systems.size(); ++i) {
      callers_.emplace_back(server_, field_.systems[i].token);
    }
    for (Creation& creation : creations_) {
      by_marker_[creation.marker].push_back(&creation);
      if (!creation.path.empty()) {
        resources_[creation.path] = creation.resource;
      }
    }
    for (size_t i = 0; i < field_.systems.size(); ++i) {
      for (const Slot* patient : field_.systems[i].patients) {
        TRY(name_the_unknown(i, *patient));
      }
    }
    for (const Creation& creation : creations_) {
      if (!creation.path.empty()) {
        TRY(read_all_versions(creation));
      }
    }
    for (const ShownRecord& record : records_) {
      add_snapshot(record);
    }
    for (const Caller& caller : callers_) {
      append(tally_.receipts, caller.receipts());
    }
    return {};
  }

  Result<http::Response> fetch(size_t system, const std::string& path) {
    auto answer = callers_[system].ask({"GET", path});
    if (!answer || !answer->response || answer->response->status != 200) {
      return fail(ErrorCode::kUnavailable, "what is there in the end cannot be read",
                  {{path, answer && answer->response ? std::to_string(answer->response->status)
                                                     : "no answer"}});
    }
    return std::move(*answer->response);
  }

  // What a record holds that nobody got the id of is known by its marker.
  Status name_the_unknown(size_t system, const Slot& patient) {
    TRY(const auto response, fetch(system, patient.path + "/$everything"));
    TRY(const auto all, shown_in_record(response.body));
    for (const Shown& one : all) {
      if (resources_.contains(one.path)) {
        continue;
      }
      Creation* creation = unknown_creation(one.version.marker);
      if (creation == nullptr || creation->patient != patient.resource) {
        tally_.add_problem(fmt::format("unsent write: {} is there, and nobody sent it", one.path));
        continue;
      }
      creation->path = one.path;
      resources_[one.path] = creation->resource;
    }
    return {};
  }

  Creation* unknown_creation(uint64_t marker) {
    for (Creation* creation : by_marker_[marker]) {
      if (creation->path.empty()) {
        return creation;
      }
    }
    return nullptr;
  }

  Status read_all_versions(const Creation& creation) {
    TRY(const auto response,
        fetch(creation.system, fmt::format("{}/_history?_count={}", creation.path, kPageMax)));
    TRY(auto versions, shown_in_history(response.body));
    if (!versions.empty()) {
      const Version& last = versions.back();
      tally_.left.push_back({creation.system, {creation.path, last}, last.is_deletion()});
    }
    history_.resources[creation.resource].versions = std::move(versions);
    return {};
  }

  void add_snapshot(const ShownRecord& record) {
    Snapshot snapshot{record.begin, record.end, record.patient, {}};
    for (const Shown& one : record.seen) {
      const auto known = resources_.find(one.path);
      if (known == resources_.end()) {
        tally_.add_problem(fmt::format("lost write: {} was shown and is not there", one.path));
      } else {
        snapshot.seen.push_back({known->second, one.version});
      }
    }
    history_.snapshots.push_back(std::move(snapshot));
  }

  Server& server_;
  SeededRandom random_;
  Tally& tally_;
  Field field_;
  std::vector<std::unique_ptr<Client>> sweepers_;  // one of each system, before and after
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::thread> threads_;
  std::vector<Nanos> kills_;  // by when each server was gone
  History history_;
  std::vector<ShownRecord> records_;
  std::vector<Creation> creations_;
  std::vector<Caller> callers_;
  std::unordered_map<uint64_t, std::vector<Creation*>> by_marker_;
  std::unordered_map<std::string, uint32_t> resources_;  // by path
};

}  // namespace

void Tally::add_problem(std::string text) {
  if (problems.size() < kProblemsMax) {
    problems.push_back(std::move(text));
  }
}

Status run_round(Server& server, const std::vector<std::string>& tokens, uint64_t seed,
                 Tally& tally) {
  return Round(server, tokens, seed, tally).run();
}

namespace {

// What is wrong with what was left, of every `stride`th from `from` on.
Result<std::vector<std::string>> look_at(const Server& server,
                                         const std::vector<std::string>& tokens,
                                         const std::vector<Tally::Left>& all, size_t from,
                                         size_t stride) {
  std::vector<Caller> callers;
  for (const std::string& token : tokens) {
    callers.emplace_back(server, token);
  }
  std::vector<std::string> problems;
  for (size_t i = from; i < all.size(); i += stride) {
    const Tally::Left& left = all[i];
    const auto answer = callers[left.system].ask({"GET", left.shown.path});
    if (!answer || !answer->response) {
      return fail(ErrorCode::kUnavailable, "the server does not answer");
    }
    const int status = answer->response->status;
    if (status != (left.is_deleted ? 410 : 200)) {
      problems.push_back(fmt::format("{} answers {} after all rounds", left.shown.path, status));
    } else if (!left.is_deleted) {
      const auto seen = shown_in(answer->response->body);
      if (!seen || seen->version != left.shown.version) {
        problems.push_back(fmt::format("{} is another version after all rounds", left.shown.path));
      }
    }
  }
  return problems;
}

}  // namespace

Status look_again(const Server& server, const std::vector<std::string>& tokens, Tally& tally) {
  std::vector<Result<std::vector<std::string>>> found(kLookers);
  std::vector<std::thread> lookers;
  for (size_t i = 0; i < kLookers; ++i) {
    lookers.emplace_back([&, i] { found[i] = look_at(server, tokens, tally.left, i, kLookers); });
  }
  for (std::thread& looker : lookers) {
    looker.join();
  }
  for (auto& each : found) {
    TRY(auto problems, std::move(each));
    for (std::string& problem : problems) {
      tally.add_problem(std::move(problem));
    }
  }
  return {};
}

}  // namespace continuum::consistency
