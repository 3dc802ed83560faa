// accounts.json: who may sign in to the development identity provider (identity-provider/), with
// the claims their tokens carry: staff as CIS2 says them, citizens as NHS login does, systems,
// operators.
//
// Names are stable and can be guessed: <source>-doctor, <source>-nurse, <source>-social-worker,
// <source>-receptionist (who may see demographics only), two-hats (a clinician in one organisation,
// a clerk in another), privacy-officer, citizen-<person number>, citizen-p5 (the first person, not
// proofed well enough to see a record); systems by their client_id; region-operator.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace continuum::synth {

// So many of the first people get an account.
inline constexpr uint32_t kCitizenAccounts = 200;

struct CitizenAccount {
  uint32_t person = 0;  // from 1, as in truth.json
  std::string nhs_number;
  std::string birth_date;
};

// The content of accounts.json, one account a line. The same arguments give the same bytes. Those
// who lead a source are the same people as in its organisations.json.
std::string accounts_json(uint64_t seed, std::span<const CitizenAccount> citizens);

}  // namespace continuum::synth
