// The ledger's files outside the data folder: the key that signs checkpoints, the checkpoints, and
// the key to verify them with.
#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <string>

#include "base/result.h"
#include "config/region.h"
#include "service/checkpoints.h"

namespace continuum::commands {

struct LedgerFiles {
  std::string key;          // file of the private key; empty: DATA.ledger-key
  std::string checkpoints;  // empty: DATA.checkpoints
  std::string verifier;     // file of the verifier key; empty: DATA.verifier-key
};

// --ledger-key, --checkpoints, --verifier-key.
void add_ledger_files(CLI::App& app, LedgerFiles& files);
// Fills in defaults. kForbidden: one lies inside the data folder.
Status settle(LedgerFiles& files, const std::string& data);

// With the key of `files`, made when it is not there; also writes the verifier key when that is not
// there. kForbidden: others can read the private key. kConflict: the verifier key is another.
Result<std::unique_ptr<service::Checkpoints>> open_checkpoints(const LedgerFiles& files,
                                                               const config::Region& region,
                                                               record::Store& store,
                                                               const Clock& clock);

// The same for who has no region.toml: with the keys that are there, none is made. kNotFound: there
// are none.
Result<std::unique_ptr<service::Checkpoints>> open_checkpoints(const LedgerFiles& files,
                                                               record::Store& store,
                                                               const Clock& clock);

// A verifier key as serve writes it.
Result<ledger::VerifierKey> read_verifier_key(const std::string& path);

// Who the operating system says this is.
std::string user_name();

// Puts an operator's command into the ledger. `details`: JSON that says nothing of patients.
Status record_command(record::Store& store, std::string_view command, std::string_view outcome,
                      std::string_view details);
// The same on any thread, of that user.
Status record_command(record::Store& store, std::string_view command, const std::string& by,
                      std::string_view outcome, std::string_view details);

}  // namespace continuum::commands
