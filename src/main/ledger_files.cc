#include "main/ledger_files.h"

#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "base/bytes.h"
#include "base/random.h"
#include "ledger/entry.h"
#include "main/store_options.h"

namespace continuum::commands {
namespace {

constexpr uint64_t kKeyFileBytesMax = 1'024;

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ' || text.back() == '\r')) {
    text.pop_back();
  }
  return text;
}

Result<crypto::Ed25519Key> load_or_make_key(const std::string& path) {
  FileSystem& files = posix_files();
  if (!files.exists(path)) {
    SecureRandom random;
    auto key = crypto::Ed25519Key::generate(random);
    TRY(replace_file(files, path, to_hex(crypto::view(key.seed())) + "\n"));
    return key;
  }
  TRY(refuse_readable_by_others(path, "the ledger's key"));
  TRY(std::string text, read_file(files, path, kKeyFileBytesMax));
  auto seed = from_hex(trimmed(std::move(text)));
  if (!seed || seed->size() != sizeof(crypto::Key)) {
    return fail(ErrorCode::kInvalid, "not a ledger key: 64 hexadecimal digits are expected",
                {{path, "a ledger is vouched for by the key it began with: bring that back"}});
  }
  return crypto::Ed25519Key::from_seed(crypto::key_from(*seed));
}

Status write_verifier_key(const std::string& path, const ledger::VerifierKey& key) {
  FileSystem& files = posix_files();
  std::string text = ledger::encode(key) + "\n";
  if (!files.exists(path)) {
    return replace_file(files, path, text);
  }
  TRY(std::string there, read_file(files, path, kKeyFileBytesMax));
  return there == text ? Status()
                       : fail(ErrorCode::kConflict,
                              "the verifier key there is not that of the ledger's key and origin",
                              {{path, "give the ledger key and base_url it was made with"}});
}

}  // namespace

void add_ledger_files(CLI::App& app, LedgerFiles& files) {
  app.add_option("--ledger-key", files.key,
                 "File of the key that signs checkpoints, made when absent; default: "
                 "DATA.ledger-key");
  app.add_option("--checkpoints", files.checkpoints,
                 "File that checkpoints of the ledger are added to; default: DATA.checkpoints");
  app.add_option("--verifier-key", files.verifier,
                 "File of the key to verify checkpoints with; default: DATA.verifier-key");
}

Status settle(LedgerFiles& files, const std::string& data) {
  const std::string base = without_trailing_slash(data);
  auto fill = [&](std::string& path, const char* ending, std::string_view what) {
    if (path.empty()) {
      path = base + ending;
    }
    return refuse_inside(path, base, what);
  };
  TRY(fill(files.key, ".ledger-key", "the ledger's key"));
  TRY(fill(files.checkpoints, ".checkpoints", "the checkpoint file"));
  return fill(files.verifier, ".verifier-key", "the verifier key");
}

Result<std::unique_ptr<service::Checkpoints>> open_checkpoints(const LedgerFiles& files,
                                                               const config::Region& region,
                                                               record::Store& store,
                                                               const Clock& clock) {
  TRY(auto key, load_or_make_key(files.key));
  TRY(std::string origin, ledger::origin_of(region.base_url));
  TRY(write_verifier_key(files.verifier, {origin, key.public_key()}));
  return service::Checkpoints::open({.store = store,
                                     .files = posix_files(),
                                     .clock = clock,
                                     .path = files.checkpoints,
                                     .origin = origin,
                                     .key = std::move(key)});
}

Result<std::unique_ptr<service::Checkpoints>> open_checkpoints(const LedgerFiles& files,
                                                               record::Store& store,
                                                               const Clock& clock) {
  TRY(auto verifier, read_verifier_key(files.verifier));
  if (!posix_files().exists(files.key)) {
    return fail(ErrorCode::kNotFound, "the ledger's key is not there",
                {{files.key, "--ledger-key FILE; serve makes it"}});
  }
  TRY(auto key, load_or_make_key(files.key));
  TRY(write_verifier_key(files.verifier, {verifier.name, key.public_key()}));
  return service::Checkpoints::open({.store = store,
                                     .files = posix_files(),
                                     .clock = clock,
                                     .path = files.checkpoints,
                                     .origin = verifier.name,
                                     .key = std::move(key)});
}

Result<ledger::VerifierKey> read_verifier_key(const std::string& path) {
  auto text = read_file(posix_files(), path, kKeyFileBytesMax);
  if (!text) {
    return fail(text.error().code, "the verifier key cannot be read",
                {{path, "--verifier-key FILE; serve writes it"}});
  }
  return ledger::parse_verifier_key(*text);
}

std::string user_name() {
  const struct passwd* user = getpwuid(geteuid());  // one thread: before or after all others
  return user != nullptr ? user->pw_name : std::to_string(geteuid());
}

Status record_command(record::Store& store, std::string_view command, std::string_view outcome,
                      std::string_view details) {
  return record_command(store, command, user_name(), outcome, details);
}

Status record_command(record::Store& store, std::string_view command, const std::string& by,
                      std::string_view outcome, std::string_view details) {
  ledger::Append append;
  TRY(append.entry, ledger::encode(ledger::CommandEntry{.instant = SystemClock().now(),
                                                        .command = std::string(command),
                                                        .by = by,
                                                        .outcome = std::string(outcome),
                                                        .details = std::string(details)}));
  TRY(uint64_t number, store.append_ledger({&append, 1}));
  static_cast<void>(number);
  return {};
}

}  // namespace continuum::commands
