#include "service/checkpoints.h"

namespace continuum::service {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;

}  // namespace

Checkpoints::Checkpoints(Options options, ledger::VerifierKey verifier_key,
                         ledger::CheckpointFile file)
    : options_(std::move(options)),
      verifier_key_(std::move(verifier_key)),
      file_(std::move(file)) {}

Result<std::unique_ptr<Checkpoints>> Checkpoints::open(Options options) {
  ledger::VerifierKey key{options.origin, options.key.public_key()};
  TRY(auto file, ledger::CheckpointFile::open(options.files, options.path, key));
  std::unique_ptr<Checkpoints> checkpoints(
      new Checkpoints(std::move(options), std::move(key), std::move(file)));
  TRY(checkpoints->check_last());
  return checkpoints;
}

// SAFETY: a server must not go on over a ledger that has lost or changed what was vouched for.
Status Checkpoints::check_last() {
  if (!file_.last()) {
    return {};
  }
  auto view = options_.store.view();
  TRY(auto ledger, view->ledger());
  const ledger::Checkpoint& last = *file_.last();
  Status checked = ledger::check_against(ledger, last);
  if (checked || checked.error().code != ErrorCode::kConflict) {
    return checked;
  }
  return fail(ErrorCode::kCorrupt,
              ledger.size() < last.size
                  ? "the ledger has fewer entries than its last checkpoint says: it was cut"
                  : "the ledger is not the one its last checkpoint was made of: it was rewritten",
              {{options_.path, "continuum ledger verify says what is wrong"}});
}

Status Checkpoints::write_if_older(int64_t seconds) {
  std::lock_guard lock(mutex_);
  Instant now = options_.clock.now();
  const auto& last = file_.last();
  // A clock that was set back must not keep checkpoints from being written.
  int64_t age = last ? now.micros - last->instant.micros : 0;
  if (last && !note_.empty() && age >= 0 && age < seconds * kMicrosPerSecond) {
    return {};
  }
  auto view = options_.store.view();
  TRY(auto ledger, view->ledger());
  if (last && !note_.empty() && ledger.size() == last->size) {
    return {};
  }
  ledger::Checkpoint checkpoint{
      .origin = options_.origin, .size = ledger.size(), .root = {}, .instant = now};
  TRY(checkpoint.root, ledger.root());
  std::string note = ledger::sign(checkpoint, options_.key);
  TRY(file_.append(note));
  note_ = std::move(note);
  return {};
}

Status Checkpoints::write_when_due() {
  return write_if_older(kCheckpointSeconds);
}

Status Checkpoints::write() {
  return write_if_older(0);
}

Result<std::string> Checkpoints::current() {
  TRY(write_if_older(kCheckpointSeconds));
  std::lock_guard lock(mutex_);
  return note_;
}

std::unique_ptr<record::View> Checkpoints::view() const {
  return options_.store.view();
}

int64_t Checkpoints::age_seconds() {
  std::lock_guard lock(mutex_);
  const auto& last = file_.last();
  return last ? (options_.clock.now().micros - last->instant.micros) / kMicrosPerSecond : 0;
}

}  // namespace continuum::service
