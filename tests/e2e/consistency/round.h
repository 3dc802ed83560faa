// One round: fresh resources, clients that write and read them while the server is killed and
// started again, and what was there in the end.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/e2e/consistency/caller.h"
#include "tests/e2e/consistency/history.h"

namespace continuum::consistency {

// What a run has come to so far.
struct Tally {
  uint64_t rounds = 0;
  uint64_t kills = 0;
  std::map<std::string, uint64_t> counts;  // of answers, by what was asked and what came
  std::vector<Receipted> receipts;
  // What was there at the end of its round, to be looked for again: by system.
  struct Left {
    size_t system = 0;
    Shown shown;
    bool is_deleted = false;
  };
  std::vector<Left> left;
  std::vector<std::string> problems;  // at most kProblemsMax

  void add_problem(std::string text);
};

// `tokens`: one of each system. The server must be running, and is afterwards. Errors: of starting
// it again, and of resources that cannot be made.
Status run_round(Server& server, const std::vector<std::string>& tokens, uint64_t seed,
                 Tally& tally);
// Looks once more for what all rounds left.
Status look_again(const Server& server, const std::vector<std::string>& tokens, Tally& tally);

}  // namespace continuum::consistency
