#include "ledger/verify.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/check.h"
#include "ledger/entry.h"
#include "ledger/limits.h"

namespace continuum::ledger {
namespace {

using MaybeHash = std::optional<Hash>;
using MaybeTile = std::optional<std::string>;

Hash hash_at(std::string_view tile, size_t i) {
  return hash_from(tile.substr(i * kHashSize, kHashSize));
}

bool has_width(const MaybeTile& tile, size_t width) {
  return tile && tile->size() == width * kHashSize;
}

// None when one of them is not known.
MaybeHash root_of(const std::vector<MaybeHash>& hashes) {
  std::string bytes;
  for (const MaybeHash& hash : hashes) {
    if (!hash) {
      return std::nullopt;
    }
    bytes.append(crypto::view(*hash));
  }
  return tile_root(bytes);
}

// ---- What was found

class Findings {
 public:
  void add(FindingKind kind, uint64_t a, uint64_t b = 0) {
    ++total_;
    if (kept_.size() < kFindingsKeptMax) {
      kept_.push_back({kind, a, b});
    }
  }
  // from..to (excluded), however many.
  void add_missing(uint64_t from, uint64_t to) {
    for (uint64_t n = from; n < to && kept_.size() < kFindingsKeptMax; ++n) {
      kept_.push_back({FindingKind::kEntryMissing, n, 0});
    }
    total_ += to - from;
  }

  void take_into(Report& report) {
    std::sort(kept_.begin(), kept_.end());
    report.findings = std::move(kept_);
    report.findings_total = total_;
  }

 private:
  std::vector<Finding> kept_;
  uint64_t total_ = 0;
};

// ---- Entries whose hash is not the one in their tile

class Changes {
 public:
  explicit Changes(Findings& findings) : findings_(findings) {}

  void add(uint64_t n, const Hash& is, const Hash& should_be) {
    if (held_.size() == kChangedHeldMax) {
      findings_.add(FindingKind::kEntryChanged, n);
      return;
    }
    held_.push_back({n, is, should_be, Named::kNo});
  }

  void finish() {
    std::map<Hash, size_t> by_place;  // whose place a hash is
    for (size_t i = 0; i < held_.size(); ++i) {
      by_place.emplace(held_[i].should_be, i);
    }
    for (size_t i = 0; i < held_.size(); ++i) {
      if (held_[i].named == Named::kYes) {
        continue;
      }
      const auto found = by_place.find(held_[i].is);
      Held* other = found == by_place.end() ? nullptr : &held_[found->second];
      if (other != nullptr && other->named == Named::kNo && other->is == held_[i].should_be) {
        other->named = Named::kYes;
        findings_.add(FindingKind::kEntriesExchanged, held_[i].n, other->n);
      } else {
        findings_.add(FindingKind::kEntryChanged, held_[i].n);
      }
    }
  }

 private:
  enum class Named : uint8_t { kNo, kYes };
  struct Held {
    uint64_t n;
    Hash is;
    Hash should_be;
    Named named;
  };
  Findings& findings_;
  std::vector<Held> held_;
};

// ---- Whether entries follow each other as they must

class Sequence {
 public:
  explicit Sequence(Findings& findings) : findings_(findings) {}

  void take(uint64_t n, std::string_view bytes) {
    const auto entry = decode_entry(bytes);
    if (!entry) {
      malformed(n);
      return;
    }
    const auto* person = std::get_if<PersonEntry>(&*entry);
    if (persons_left_ > 0) {
      if (person != nullptr && person->id == id_ && person->ordinal == next_ordinal_) {
        ++next_ordinal_;
        --persons_left_;
        return;
      }
      malformed(request_);
    }
    if (person != nullptr) {
      if (trust_ == Trust::kYes) {
        malformed(n);
      }
      return;
    }
    trust_ = Trust::kYes;
    if (const auto* request = std::get_if<RequestEntry>(&*entry)) {
      request_ = n;
      id_ = request->id;
      persons_left_ = request->persons;
      next_ordinal_ = 1;
    }
  }

  void malformed(uint64_t n) {
    findings_.add(FindingKind::kEntryMalformed, n);
    lose();
  }
  // Something is missing: the persons that follow may belong to it.
  void lose() {
    persons_left_ = 0;
    trust_ = Trust::kNo;
  }
  void finish() {
    if (persons_left_ > 0) {
      malformed(request_);
    }
  }

 private:
  enum class Trust : uint8_t { kNo, kYes };
  Findings& findings_;
  Trust trust_ = Trust::kYes;  // whether a person entry must have its request before it
  uint64_t request_ = 0;
  RequestId id_{};
  uint64_t persons_left_ = 0;
  uint64_t next_ordinal_ = 1;
};

// ---- Checkpoints

class Checkpoints {
 public:
  Checkpoints(Findings& findings, const VerifierKey& key) : findings_(findings), key_(key) {}

  enum class Place : uint8_t { kInOrder, kAnywhere };
  void take(uint64_t i, std::string_view bytes, Place place) {
    const auto note = parse_note(bytes);
    if (!note || note->checkpoint.origin != key_.name) {
      findings_.add(FindingKind::kCheckpointMalformed, i);
      return;
    }
    if (!is_signed_by(*note, key_)) {
      findings_.add(FindingKind::kCheckpointSignature, i);
      return;
    }
    const Known known{note->checkpoint.size, note->checkpoint.root};
    if (place == Place::kInOrder) {
      if (last_ &&
          (known.size < last_->size || (known.size == last_->size && known.root != last_->root))) {
        findings_.add(FindingKind::kCheckpointOrder, i);
      }
      last_ = known;
    }
    known_.push_back(known);
  }
  void all_taken() {
    std::stable_sort(known_.begin(), known_.end(),
                     [](const Known& a, const Known& b) { return a.size < b.size; });
  }

  // Whether compare() has to do with a tree of this size, which only grows.
  bool at(uint64_t size) const { return next_ < known_.size() && known_[next_].size == size; }
  // Without a root the tree is not known and nothing can be said.
  void compare(uint64_t size, const MaybeHash& root) {
    bool forked = false;
    bool agrees = false;
    for (; at(size); ++next_) {
      agrees = agrees || (root && known_[next_].root == *root);
      forked = forked || (root && known_[next_].root != *root);
    }
    if (forked) {
      findings_.add(FindingKind::kForked, size);
      differs_min_ = differs_min_.value_or(size);
    }
    if (agrees) {
      agrees_max_ = size;
      agrees_before_ = differs_min_ ? agrees_before_ : size;
    }
  }

  // `entries`: how many are there.
  void finish(uint64_t entries) {
    if (!known_.empty() && known_.back().size > entries) {
      findings_.add(FindingKind::kCut, known_.back().size, entries);
    }
    if (differs_min_) {
      findings_.add(FindingKind::kRewritten, agrees_before_, *differs_min_);
    }
  }
  uint64_t agrees_max() const { return agrees_max_; }

 private:
  struct Known {
    uint64_t size;
    Hash root;
  };
  Findings& findings_;
  const VerifierKey& key_;
  std::optional<Known> last_;
  std::vector<Known> known_;
  size_t next_ = 0;
  uint64_t agrees_max_ = 0;
  uint64_t agrees_before_ = 0;  // of those smaller than the smallest that does not
  std::optional<uint64_t> differs_min_;
};

// ---- The tree of the entries that are there

class EntryTree {
 public:
  void push(const MaybeHash& leaf) {
    known_ = known_ && leaf;
    ++size_;
    if (!known_) {
      return;
    }
    Hash hash = *leaf;
    for (uint64_t bits = size_ - 1; (bits & 1) == 1; bits >>= 1) {
      hash = node_hash(complete_.back(), hash);
      complete_.pop_back();
    }
    complete_.push_back(hash);
  }
  MaybeHash root() const {
    if (!known_) {
      return std::nullopt;
    }
    if (complete_.empty()) {
      return empty_root();
    }
    Hash root = complete_.back();
    for (size_t i = complete_.size() - 1; i > 0; --i) {
      root = node_hash(complete_[i - 1], root);
    }
    return root;
  }
  uint64_t size() const { return size_; }

 private:
  std::vector<Hash> complete_;  // roots of complete subtrees, the largest first
  uint64_t size_ = 0;
  bool known_ = true;
};

// ---- The whole

class Verifier {
 public:
  Verifier(Source& source, const VerifierKey& key, const Progress& progress)
      : source_(source),
        progress_(progress),
        changes_(findings_),
        sequence_(findings_),
        checkpoints_(findings_, key) {}

  Result<Report> run(std::span<const std::string> notes) {
    take_checkpoints(notes);
    TRY(const uint64_t covered, source_.covered());
    const uint64_t size = std::max(source_.size(), covered);
    TRY(source_.scan(
        [&](uint64_t n, std::optional<std::string_view> entry) { return take(n, entry); }));
    const uint64_t there = end_;
    TRY(take_tiles_without_entries(size));
    TRY(finish_tiles());
    // What the ledger does not count is not there for those who read it.
    const uint64_t last = std::max(size, there);
    if (!lost_ && next_ < last) {
      findings_.add_missing(next_, last);
    }
    if (source_.size() < there) {
      findings_.add_missing(source_.size(), there);
    } else if (there == last) {
      sequence_.finish();
    }
    changes_.finish();
    checkpoints_.finish(std::min(source_.size(), there));
    Report report;
    findings_.take_into(report);
    report.entries = entries_;
    report.root = lost_ ? std::nullopt : tree_.root();
    report.vouched = checkpoints_.agrees_max();
    return report;
  }

 private:
  void take_checkpoints(std::span<const std::string> notes) {
    for (size_t i = 0; i < notes.size(); ++i) {
      checkpoints_.take(i, notes[i], Checkpoints::Place::kInOrder);
    }
    if (const auto own = source_.own_checkpoint()) {
      checkpoints_.take(notes.size(), *own, Checkpoints::Place::kAnywhere);
    }
    checkpoints_.all_taken();
    checkpoints_.compare(0, empty_root());
  }

  Status take(uint64_t n, std::optional<std::string_view> entry) {
    if (n < next_ || lost_) {
      return {};
    }
    if (!entry && n >= source_.size()) {
      sequence_.malformed(n);
      return {};
    }
    TRY(skip_to(n));
    end_ = n + 1;
    if (lost_) {
      return {};
    }
    if (!entry) {
      sequence_.malformed(n);
      return push(std::nullopt);
    }
    sequence_.take(n, *entry);
    if (++entries_ % kProgressEntries == 0 && progress_) {
      progress_(entries_, source_.size());
    }
    return push(leaf_hash(*entry));
  }

  // Entries next_..n are missing.
  Status skip_to(uint64_t n) {
    if (next_ == n) {
      return {};
    }
    findings_.add_missing(next_, n);
    sequence_.lose();
    uint64_t absent = 0;
    while (next_ < n) {
      if (leaves_.empty()) {
        TRY(const auto* stored, stored_tile(0, next_ / kTileWidth));
        absent = *stored ? 0 : absent + 1;
        if (absent > kGapTilesMax) {
          lost_ = true;
          return {};
        }
      }
      TRY(push(std::nullopt));
    }
    return {};
  }

  // Tiles may speak of entries that are not there: whether they fit the tiles above is told too.
  Status take_tiles_without_entries(uint64_t size) {
    const uint64_t from = next_;
    while (!lost_ && next_ < size) {
      TRY(const auto* stored, stored_tile(0, next_ / kTileWidth));
      if (!*stored) {
        break;
      }
      TRY(push(std::nullopt));
    }
    if (!lost_ && next_ > from) {
      findings_.add_missing(from, next_);
    }
    return {};
  }

  Status push(const MaybeHash& leaf) {
    leaves_.push_back(leaf);
    ++next_;
    return leaves_.size() == kTileWidth ? finish_leaf_tile() : Status();
  }

  // What level `level` holds in tile `n`, when the ledger has the size it says.
  size_t width_of(uint8_t level, uint64_t n) const {
    const uint64_t hashes = source_.size() >> (8 * level);
    return hashes / kTileWidth == n ? std::max<size_t>(hashes % kTileWidth, 1) : kTileWidth;
  }

  Result<const MaybeTile*> stored_tile(uint8_t level, uint64_t n) {
    Stored& stored = stored_[level];
    if (!stored.n || *stored.n != n) {
      TRY(stored.tile, source_.tile(level, n, width_of(level, n)));
      stored.n = n;
    }
    return &stored.tile;
  }

  // The hash that stands for tile `n` of `level` in the tile above, when there is one.
  Result<MaybeHash> stored_above(uint8_t level, uint64_t n) {
    if (level + 1 >= kTileLevels) {
      return MaybeHash();
    }
    TRY(const MaybeTile* above, stored_tile(static_cast<uint8_t>(level + 1), n / kTileWidth));
    const auto at = static_cast<size_t>(n % kTileWidth);
    if (!*above || (*above)->size() < (at + 1) * kHashSize) {
      return MaybeHash();
    }
    return MaybeHash(hash_at(**above, at));
  }

  Status finish_leaf_tile() {
    const uint64_t n = (next_ - 1) / kTileWidth;
    const size_t width = leaves_.size();
    const bool whole = width == kTileWidth;
    TRY(const MaybeTile* stored, stored_tile(0, n));
    std::vector<MaybeHash> accepted = leaves_;
    if (has_width(*stored, width)) {
      TRY(const MaybeHash above, whole ? stored_above(0, n) : Result<MaybeHash>(MaybeHash()));
      compare_leaves(n, **stored, above, accepted);
    } else if (whole || source_.keeps_partial_leaf_tiles()) {
      findings_.add(FindingKind::kTileChanged, 0, n);
    }
    for (const MaybeHash& leaf : leaves_) {
      tree_.push(leaf);
      if (checkpoints_.at(tree_.size())) {
        checkpoints_.compare(tree_.size(), tree_.root());
      }
    }
    leaves_.clear();
    return whole ? push_up(1, root_of(accepted)) : Status();
  }

  // Entries and their tile differ: the tile above says which of them changed. Leaves that are not
  // known are taken from the tile.
  void compare_leaves(uint64_t n, std::string_view stored, const MaybeHash& above,
                      std::vector<MaybeHash>& accepted) {
    std::vector<size_t> differ;
    for (size_t i = 0; i < leaves_.size(); ++i) {
      if (!leaves_[i]) {
        leaves_[i] = hash_at(stored, i);
      } else if (*leaves_[i] != hash_at(stored, i)) {
        differ.push_back(i);
      }
    }
    accepted = leaves_;
    if (differ.empty()) {
      return;
    }
    if (above && root_of(leaves_) == above) {
      findings_.add(FindingKind::kTileChanged, 0, n);
      return;
    }
    for (const size_t i : differ) {
      changes_.add(n * kTileWidth + i, *leaves_[i], hash_at(stored, i));
      accepted[i] = hash_at(stored, i);
    }
  }

  Status push_up(uint8_t level, const MaybeHash& hash) {
    if (level == kTileLevels) {
      return {};
    }
    Above& above = above_[level];
    above.given.push_back(hash);
    return above.given.size() == kTileWidth ? finish_tile(level) : Status();
  }

  Status finish_tile(uint8_t level) {
    Above& at = above_[level];
    const uint64_t n = at.done++;
    std::vector<MaybeHash> given = std::move(at.given);
    at.given.clear();
    TRY(const MaybeTile* stored, stored_tile(level, n));
    if (has_width(*stored, given.size())) {
      TRY(compare_tile(level, n, **stored, given));
    } else {
      findings_.add(FindingKind::kTileChanged, level, n);
    }
    return given.size() == kTileWidth ? push_up(static_cast<uint8_t>(level + 1), root_of(given))
                                      : Status();
  }

  Status compare_tile(uint8_t level, uint64_t n, std::string_view stored,
                      std::vector<MaybeHash>& given) {
    bool differs = false;
    for (size_t i = 0; i < given.size(); ++i) {
      if (!given[i]) {
        given[i] = hash_at(stored, i);
      }
      differs = differs || *given[i] != hash_at(stored, i);
    }
    if (!differs) {
      return {};
    }
    findings_.add(FindingKind::kTileChanged, level, n);
    if (given.size() == kTileWidth) {
      // What the tile above knows of goes on up, so that it is not named too.
      TRY(const MaybeHash above, stored_above(level, n));
      if (above && tile_root(stored) == *above) {
        for (size_t i = 0; i < given.size(); ++i) {
          given[i] = hash_at(stored, i);
        }
      }
    }
    return {};
  }

  // Those at the right edge.
  Status finish_tiles() {
    if (lost_) {
      return {};
    }
    if (!leaves_.empty()) {
      TRY(finish_leaf_tile());
    }
    for (uint8_t level = 1; level < kTileLevels; ++level) {
      if (!above_[level].given.empty()) {
        TRY(finish_tile(level));
      }
    }
    return {};
  }

  struct Stored {
    std::optional<uint64_t> n;
    MaybeTile tile;
  };
  struct Above {
    std::vector<MaybeHash> given;  // by the tiles below
    uint64_t done = 0;             // tiles
  };

  Source& source_;
  const Progress& progress_;
  Findings findings_;
  Changes changes_;
  Sequence sequence_;
  Checkpoints checkpoints_;
  EntryTree tree_;
  std::vector<MaybeHash> leaves_;  // of the tile that is being read
  std::array<Above, kTileLevels> above_;
  std::array<Stored, kTileLevels> stored_;
  uint64_t next_ = 0;     // the next entry
  uint64_t end_ = 0;      // after the last entry that is there
  uint64_t entries_ = 0;  // that are there
  bool lost_ = false;     // after a gap too wide to cross
};

}  // namespace

std::string to_string(const Finding& finding) {
  const auto numbered = [&](const char* name) { return name + std::to_string(finding.a); };
  const auto twice = [&](const char* name) {
    return numbered(name) + " " + std::to_string(finding.b);
  };
  switch (finding.kind) {
    case FindingKind::kEntryChanged:
      return numbered("entry-changed ");
    case FindingKind::kEntriesExchanged:
      return twice("entries-exchanged ");
    case FindingKind::kEntryMalformed:
      return numbered("entry-malformed ");
    case FindingKind::kEntryMissing:
      return numbered("entry-missing ");
    case FindingKind::kTileChanged:
      return twice("tile-changed ");
    case FindingKind::kCut:
      return twice("cut ");
    case FindingKind::kForked:
      return numbered("forked ");
    case FindingKind::kRewritten:
      return twice("rewritten ");
    case FindingKind::kCheckpointSignature:
      return numbered("checkpoint-signature ");
    case FindingKind::kCheckpointOrder:
      return numbered("checkpoint-order ");
    case FindingKind::kCheckpointMalformed:
      return numbered("checkpoint-malformed ");
  }
  CHECK(false);
}

Result<Report> verify(Source& source, std::span<const std::string> notes, const VerifierKey& key,
                      const Progress& progress) {
  return Verifier(source, key, progress).run(notes);
}

}  // namespace continuum::ledger
