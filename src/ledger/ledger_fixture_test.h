// A ledger for tests: one line appends, signs or damages.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"
#include "kv/memory_store.h"
#include "ledger/checkpoint.h"
#include "ledger/entry_fixture_test.h"
#include "ledger/export.h"
#include "ledger/log.h"
#include "ledger/verify.h"

namespace continuum::ledger {

inline constexpr Families kTestFamilies = {.ledger = 1, .accesses = 0};

class TestLedger {
 public:
  explicit TestLedger(uint64_t seed = 1)
      : random_(seed), signing_key_(crypto::Ed25519Key::from_seed(crypto::Key{7})) {
    reopen();
  }

  void reopen() { log_.emplace(*Log::open(*store_->snapshot(), kTestFamilies)); }

  void append(const std::vector<Append>& appends) {
    kv::Batch batch;
    log_->stage(appends, [&](kv::Family family, std::string_view key, std::string_view value) {
      batch.put(family, key, value);
    });
    CHECK(store_->commit(batch, kv::Durability::kSynced));
    log_->confirm();
  }
  // Groups of all kinds, until there are `size`.
  void grow_to(uint64_t size) {
    while (log_->size() < size) {
      std::vector<Append> appends = random_appends(random_);
      if (log_->size() + appends.size() > size) {
        appends = {command()};
      }
      append(appends);
    }
  }
  Append command() {
    const std::string number = std::to_string(++commands_);
    return {.entry = *encode(CommandEntry{{int64_t(commands_)}, "load", "me", "done", number})};
  }

  uint64_t size() const { return log_->size(); }
  Hash root() const { return log_->root(); }
  const crypto::Ed25519Key& signing_key() const { return signing_key_; }
  VerifierKey verifier_key() const { return {"record.example/ledger", signing_key_.public_key()}; }
  std::string note() const { return note_of(size(), root()); }
  std::string note_of(uint64_t size, const Hash& root) const {
    const Instant instant{1'790'000'000'000'000 + static_cast<int64_t>(size) * 1'000'000};
    return sign({"record.example/ledger", size, root, instant}, signing_key_);
  }

  std::unique_ptr<kv::Snapshot> snapshot() { return store_->snapshot(); }

  // Rows, for damage.
  std::optional<std::string> row(std::string_view key) {
    std::string value;
    const bool there = *store_->snapshot()->get(kTestFamilies.ledger, key, value);
    return there ? std::optional(value) : std::nullopt;
  }
  void put_row(std::string_view key, std::string_view value) {
    kv::Batch batch;
    batch.put(kTestFamilies.ledger, key, value);
    CHECK(store_->commit(batch, kv::Durability::kSynced));
  }
  void remove_row(std::string_view key) {
    kv::Batch batch;
    batch.remove(kTestFamilies.ledger, key);
    CHECK(store_->commit(batch, kv::Durability::kSynced));
  }
  std::string entry(uint64_t n) {
    const auto of = snapshot();
    return *Reader::open(*of, kTestFamilies)->entry(n);
  }
  // The key of the row that holds an entry, and its first number.
  uint64_t row_of(uint64_t n) {
    const auto of = snapshot();
    const std::string from = entries_key(n);
    const auto cursor = of->scan(kTestFamilies.ledger, {from, "f"});
    CHECK(cursor->next());
    return *parse_entries_key(cursor->key());
  }
  void replace_entry(uint64_t n, const std::string& entry) {
    const uint64_t first = row_of(n);
    const std::string value = *row(entries_key(first));
    const EntriesRow old = parse_entries(value);
    std::string changed;
    for (size_t i = 0; i < old.entries.size(); ++i) {
      put_length_prefixed(changed, first + i == n ? entry : old.entries[i]);
    }
    put_row(entries_key(first), changed);
  }
  void change_entry(uint64_t n) {
    std::string changed = entry(n);
    changed.back() = static_cast<char>(changed.back() == '7' ? '8' : '7');
    replace_entry(n, changed);
  }
  // The first command entry from `n` on: it can be changed and exchanged without being malformed.
  uint64_t command_from(uint64_t n) {
    for (;; ++n) {
      if (std::holds_alternative<CommandEntry>(*decode_entry(entry(n)))) {
        return n;
      }
    }
  }

 private:
  SeededRandom random_;
  crypto::Ed25519Key signing_key_;
  std::unique_ptr<kv::Store> store_ = kv::make_memory_store(2);
  std::optional<Log> log_;
  uint64_t commands_ = 0;
};

inline std::vector<std::string> texts(const Report& report) {
  std::vector<std::string> out;
  for (const Finding& finding : report.findings) {
    out.push_back(to_string(finding));
  }
  return out;
}

inline Report verify_rows(TestLedger& ledger, const std::vector<std::string>& notes) {
  const auto snapshot = ledger.snapshot();
  KvSource source = *KvSource::open(*snapshot, kTestFamilies);
  return *verify(source, notes, ledger.verifier_key());
}

inline Report verify_folder(FileSystem& files, const std::string& folder,
                            const std::vector<std::string>& notes, const VerifierKey& key) {
  ExportFolder source = *ExportFolder::open(files, folder);
  return *verify(source, notes, key);
}

}  // namespace continuum::ledger
