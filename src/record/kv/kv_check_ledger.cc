// Rows of `accesses` are compared with the person entries by a sum over all of them, as kv_check.cc
// does; only when the sums differ are they counted for each entry.
#include "record/kv/kv_check_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/bytes.h"
#include "crypto/aead.h"
#include "ledger/entry.h"
#include "ledger/log.h"
#include "ledger/verify.h"
#include "record/kv/families.h"
#include "record/limits.h"

namespace continuum::record {
namespace {

// An order-free sum over pairs of numbers: equal only where the same pairs are, as often.
struct PairSum {
  uint64_t count = 0;
  uint64_t low = 0;
  uint64_t high = 0;

  void add(uint64_t number, uint64_t ordinal) {
    std::string pair;
    put_u64(pair, number);
    put_u64(pair, ordinal);
    crypto::Digest digest = crypto::sha256(pair);
    ByteReader reader(crypto::view(digest));
    low += *reader.u64();
    high += *reader.u64();
    ++count;
  }
  bool operator==(const PairSum&) const = default;
};

class LedgerChecker {
 public:
  LedgerChecker(const kv::Snapshot& snapshot, const KeyStore& keys,
                const std::function<void(std::string)>& find)
      : snapshot_(snapshot), keys_(keys), find_(find) {}

  Status run() {
    TRY(check_entries());
    TRY(check_keys());
    auto reader = ledger::Reader::open(snapshot_, kLedgerFamilies);
    if (!reader) {
      find_("ledger: its size can't be read");
      return {};
    }
    reader_ = &*reader;
    TRY(read_entries());
    TRY(check_accesses());
    TRY(check_policies());
    if (listed_ != persons_) {
      find_(
          fmt::format("accesses: {} rows, {} expected, or others", listed_.count, persons_.count));
      TRY(name_wrong_counts());
    }
    return {};
  }

 private:
  // Against its own tiles: there is no checkpoint here.
  Status check_entries() {
    TRY(auto source, ledger::KvSource::open(snapshot_, kLedgerFamilies));
    TRY(auto report, ledger::verify(source, {}, {}));
    for (const ledger::Finding& finding : report.findings) {
      find_("ledger: " + ledger::to_string(finding));
    }
    return {};
  }

  // What lies between the kinds of rows is of none.
  Status check_keys() {
    const std::array<std::pair<std::string, std::string>, 4> gaps = {{
        {"", ledger::entries_start()},
        {ledger::entries_end(), ledger::tiles_start()},
        {ledger::tiles_end(), "p"},
        {"q", ""},
    }};
    for (const auto& [from, to] : gaps) {
      auto cursor = snapshot_.scan(kLedger, {from, to}, kv::ReadKind::kScan);
      while (cursor->next()) {
        if (cursor->key() != ledger::size_key()) {
          find_("ledger: a key can't be read");
        }
      }
      TRY(cursor->status());
    }
    return {};
  }

  // Nothing when it is not there or can't be read, which check_entries told.
  std::optional<ledger::Entry> entry(uint64_t number) const {
    auto bytes = reader_->entry(number);
    auto entry = bytes ? ledger::decode_entry(*bytes) : Result<ledger::Entry>(fail(bytes.error()));
    return entry ? std::optional(*std::move(entry)) : std::nullopt;
  }

  // All entries there are; missing ones were told by check_entries.
  Status each_entry(const std::function<Status(uint64_t, const ledger::Entry&)>& visit) const {
    TRY(auto source, ledger::KvSource::open(snapshot_, kLedgerFamilies));
    return source.scan([&](uint64_t number, std::optional<std::string_view> bytes) -> Status {
      if (bytes && number < reader_->size()) {
        if (auto entry = ledger::decode_entry(*bytes)) {
          return visit(number, *entry);
        }
      }
      return {};
    });
  }

  Status read_entries() {
    return each_entry([this](uint64_t number, const ledger::Entry& entry) -> Status {
      if (const auto* person = std::get_if<ledger::PersonEntry>(&entry)) {
        persons_.add(number, person->ordinal);
      }
      if (const auto* policy = std::get_if<ledger::PolicyEntry>(&entry)) {
        return check_policy(number, *policy);
      }
      return {};
    });
  }
  Status check_policy(uint64_t number, const ledger::PolicyEntry& policy) const {
    if (crypto::sha256(policy.text) != policy.digest) {
      find_(fmt::format("ledger: policy entry {} is not the text of its digest", number));
    }
    std::string value;
    TRY(bool there, snapshot_.get(kLedger, ledger::policy_key(policy.digest), value));
    if (!there) {
      find_(fmt::format("ledger: no row leads to policy entry {}", number));
    }
    return {};
  }

  // That the request entry is `ordinal` before its person entry is for check_entries.
  Status check_accesses() {
    auto cursor = snapshot_.scan(kAccesses, {}, kv::ReadKind::kScan);
    while (cursor->next()) {
      auto access = ledger::parse_access(cursor->key(), cursor->value());
      if (!access) {
        find_("accesses: a row can't be read");
        continue;
      }
      listed_.add(access->number, access->ordinal);
      auto found = entry(access->number);
      const auto* person = found ? std::get_if<ledger::PersonEntry>(&*found) : nullptr;
      if (person == nullptr || person->ordinal != access->ordinal) {
        find_(fmt::format("accesses: ord {:x} is led to entry {}, which is no person entry {}",
                          access->ord, access->number, access->ordinal));
      } else {
        check_seal(*access, *person);
      }
    }
    return cursor->status();
  }
  void check_seal(const ledger::Access& access, const ledger::PersonEntry& person) const {
    auto key = keys_.audit_key(Ord::from_value(access.ord));
    if (!key) {
      find_(fmt::format("accesses: the key store has no audit key for ord {:x}", access.ord));
      return;
    }
    std::string plain;
    Status opened = crypto::thread_aead().open(
        *key, ledger::person_context(person.id, static_cast<uint16_t>(person.ordinal)),
        person.sealed, plain);
    auto part = opened ? ledger::decode_person_part(plain)
                       : Result<ledger::PersonPart>(fail(opened.error()));
    if (!part || part->ord != access.ord) {
      find_(fmt::format("accesses: ord {:x} is led to entry {}, which is not about it", access.ord,
                        access.number));
    }
  }

  Status check_policies() {
    auto cursor = snapshot_.scan(kLedger, {"p", "q"}, kv::ReadKind::kScan);
    while (cursor->next()) {
      auto number = ledger::parse_number(cursor->value());
      auto found = number ? entry(*number) : std::nullopt;
      const auto* policy = found ? std::get_if<ledger::PolicyEntry>(&*found) : nullptr;
      if (policy == nullptr || ledger::policy_key(policy->digest) != cursor->key()) {
        find_("ledger: the row of a policy leads to no entry that holds it");
      }
    }
    return cursor->status();
  }

  // Slow, and only after the sums differ: how many rows each person entry has, so many entries at a
  // time.
  Status name_wrong_counts() {
    for (uint64_t from = 0; from < reader_->size(); from += kEntriesCountedMax) {
      std::vector<uint8_t> rows(std::min<uint64_t>(kEntriesCountedMax, reader_->size() - from));
      auto cursor = snapshot_.scan(kAccesses, {}, kv::ReadKind::kScan);
      while (cursor->next()) {
        auto access = ledger::parse_access(cursor->key(), cursor->value());
        if (access && access->number >= from && access->number - from < rows.size()) {
          uint8_t& count = rows[access->number - from];
          count = static_cast<uint8_t>(std::min(count + 1, 2));
        }
      }
      TRY(cursor->status());
      TRY(each_entry([&](uint64_t number, const ledger::Entry& entry) -> Status {
        bool is_counted = number >= from && number - from < rows.size() &&
                          std::holds_alternative<ledger::PersonEntry>(entry);
        if (is_counted && rows[number - from] != 1) {
          find_(fmt::format("accesses: {} leads to person entry {}",
                            rows[number - from] == 0 ? "no row" : "more than one row", number));
        }
        return {};
      }));
    }
    return {};
  }

  const kv::Snapshot& snapshot_;
  const KeyStore& keys_;
  const std::function<void(std::string)>& find_;
  const ledger::Reader* reader_ = nullptr;
  PairSum persons_;  // of the entries
  PairSum listed_;   // of the rows that lead to them
};

}  // namespace

Status check_ledger(const kv::Snapshot& snapshot, const KeyStore& keys,
                    const std::function<void(std::string finding)>& find) {
  return LedgerChecker(snapshot, keys, find).run();
}

}  // namespace continuum::record
