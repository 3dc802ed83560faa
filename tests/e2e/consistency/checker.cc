#include "tests/e2e/consistency/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>

namespace continuum::consistency {
namespace {

constexpr Nanos kEndOfTime = std::numeric_limits<Nanos>::max();
constexpr size_t kNoRequest = SIZE_MAX;

struct Interval {
  Nanos begin = 0;
  Nanos end = 0;
};

// What is known of one version.
struct Made {
  std::vector<Interval> makers;  // requests of which one made it
  std::vector<Interval> reads;   // answers that showed it as the newest
  size_t transaction = kNoRequest;
  Nanos earliest = 0;  // that it can have been made
  Nanos latest = kEndOfTime;
};

struct Register {
  std::vector<Made> made;  // [0]: it is not there yet
  std::unordered_map<uint64_t, uint32_t> by_marker;
  std::vector<Interval> unknown_deletes;
};

class Checker {
 public:
  explicit Checker(const History& history)
      : history_(history), registers_(history.resources.size()) {}

  std::vector<Finding> run() && {
    for (uint32_t i = 0; i < registers_.size(); ++i) {
      number_versions(i);
    }
    for (size_t i = 0; i < history_.requests.size(); ++i) {
      place_request(i);
    }
    for (const Read& read : history_.reads) {
      place_read(read);
    }
    for (const HistoryRead& read : history_.history_reads) {
      place_history(read);
    }
    for (const Snapshot& snapshot : history_.snapshots) {
      for (const Snapshot::Seen& seen : snapshot.seen) {
        place_shown(seen.resource, seen.version, {snapshot.begin, snapshot.end});
      }
    }
    for (uint32_t i = 0; i < registers_.size(); ++i) {
      explain_deletions(i);
      order_versions(i);
    }
    judge_what_has_no_place();
    return std::move(findings_);
  }

 private:
  void find(Fault fault, std::string text) {
    if (findings_.size() < kFindingsMax) {
      findings_.push_back({fault, std::move(text)});
    }
  }

  const std::vector<Version>& versions(uint32_t resource) const {
    return history_.resources[resource].versions;
  }
  // Null: there is none of that number.
  const Version* version(uint32_t resource, uint32_t number) const {
    const auto& all = versions(resource);
    return number == 0 || number > all.size() ? nullptr : &all[number - 1];
  }

  void number_versions(uint32_t resource) {
    const auto& all = versions(resource);
    Register& of = registers_[resource];
    of.made.resize(all.size() + 1);
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i].number != i + 1) {
        find(Fault::kVersionGap,
             fmt::format("resource {}: version {} is in place {}", resource, all[i].number, i + 1));
      }
      if (!all[i].is_deletion() &&
          !of.by_marker.emplace(all[i].marker, static_cast<uint32_t>(i + 1)).second) {
        find(Fault::kUnsentWrite,
             fmt::format("resource {}: write {} is there twice", resource, all[i].marker));
      }
    }
  }

  // --- requests ---------------------------------------------------------------------------------

  void place_request(size_t index) {
    const Request& request = history_.requests[index];
    const Interval when{request.begin, request.end};
    size_t there = 0;
    size_t marked = 0;
    for (const Change& change : request.changes) {
      marked += change.marker != 0 ? 1 : 0;
      const uint32_t at = place_change(request, change, when);
      if (at != 0) {
        there += change.marker != 0 ? 1 : 0;
        if (request.changes.size() > 1) {
          registers_[change.resource].made[at].transaction = index;
        }
        check_condition(change, at);
      }
    }
    if (there != 0 && there != marked) {
      find(Fault::kHalfTransaction,
           fmt::format("write {}: {} of {} changes are there", marker_of(request), there, marked));
    }
  }

  static uint64_t marker_of(const Request& request) {
    for (const Change& change : request.changes) {
      if (change.marker != 0) {
        return change.marker;
      }
    }
    return 0;
  }

  // The version it made, when that is known.
  uint32_t place_change(const Request& request, const Change& change, Interval when) {
    Register& of = registers_[change.resource];
    if (request.outcome == Outcome::kDone) {
      const Version* found = version(change.resource, change.version);
      if (found == nullptr || found->marker != change.marker) {
        find(Fault::kLostWrite,
             fmt::format("resource {}: version {} was acknowledged as write {} and is not",
                         change.resource, change.version, change.marker));
        return 0;
      }
      of.made[change.version].makers.push_back(when);
      return change.version;
    }
    if (change.marker == 0) {
      if (request.outcome == Outcome::kUnknown) {
        of.unknown_deletes.push_back(when);
      }
      return 0;
    }
    auto found = of.by_marker.find(change.marker);
    if (found == of.by_marker.end()) {
      return 0;
    }
    of.made[found->second].makers.push_back(when);
    if (request.outcome != Outcome::kUnknown) {
      find(Fault::kRefusedWrite, fmt::format("resource {}: write {} was refused and is version {}",
                                             change.resource, change.marker, found->second));
    }
    return found->second;
  }

  void check_condition(const Change& change, uint32_t at) {
    if (change.if_match && *change.if_match + 1 != at) {
      find(Fault::kStaleIfMatch, fmt::format("resource {}: If-Match {} let version {} be made",
                                             change.resource, *change.if_match, at));
    }
  }

  // A deletion has no marker: one that nobody has the number of must be of a request whose answer
  // was lost.
  void explain_deletions(uint32_t resource) {
    Register& of = registers_[resource];
    const auto& all = versions(resource);
    size_t unexplained = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      Made& made = of.made[i + 1];
      if (all[i].is_deletion()) {
        unexplained += made.makers.empty() ? 1 : 0;
        made.makers.insert(made.makers.end(), of.unknown_deletes.begin(), of.unknown_deletes.end());
      } else if (made.makers.empty()) {
        find(Fault::kUnsentWrite, fmt::format("resource {}: nobody sent version {}, write {}",
                                              resource, all[i].number, all[i].marker));
      }
    }
    if (unexplained > of.unknown_deletes.size()) {
      find(Fault::kUnsentWrite, fmt::format("resource {}: {} deletions by {} requests", resource,
                                            unexplained, of.unknown_deletes.size()));
    }
  }

  // --- reads ------------------------------------------------------------------------------------

  void place_shown(uint32_t resource, const Version& shown, Interval when) {
    const Version* found = same_version(resource, shown);
    if (found != nullptr) {
      registers_[resource].made[found->number].reads.push_back(when);
    }
  }

  // The version as it is in the end; null, and a finding, when that is another.
  const Version* same_version(uint32_t resource, const Version& shown) {
    const Version* found = version(resource, shown.number);
    if (found == nullptr) {
      find(Fault::kLostWrite,
           fmt::format("resource {}: version {}, write {}, was shown and is not there", resource,
                       shown.number, shown.marker));
    } else if (found->marker != shown.marker) {
      find(Fault::kChangedVersion,
           fmt::format("resource {}: version {} was write {} and is write {}", resource,
                       shown.number, shown.marker, found->marker));
      found = nullptr;
    }
    return found;
  }

  void place_read(const Read& read) {
    if (read.what == Read::What::kNewest) {
      place_shown(read.resource, read.version, {read.begin, read.end});
    } else if (read.what == Read::What::kVersion) {
      same_version(read.resource, read.version);
    } else if (read.what == Read::What::kMissing) {
      find(Fault::kLostWrite,
           fmt::format("resource {}: version {} was acknowledged and not found when asked for",
                       read.resource, read.version.number));
    }
  }

  void place_history(const HistoryRead& read) {
    for (size_t i = 0; i < read.versions.size(); ++i) {
      if (read.versions[i].number != i + 1) {
        find(Fault::kVersionGap, fmt::format("resource {}: a history has version {} in place {}",
                                             read.resource, read.versions[i].number, i + 1));
        return;
      }
      if (same_version(read.resource, read.versions[i]) == nullptr) {
        return;
      }
    }
    if (!read.versions.empty()) {
      place_shown(read.resource, read.versions.back(), {read.begin, read.end});
    }
  }

  // --- order ------------------------------------------------------------------------------------

  // The earliest moment from `from` on within one of them; kEndOfTime: there is none.
  static Nanos earliest_within(const std::vector<Interval>& makers, Nanos from) {
    Nanos earliest = kEndOfTime;
    for (const Interval& maker : makers) {
      const Nanos at = std::max(maker.begin, from);
      earliest = at <= maker.end ? std::min(earliest, at) : earliest;
    }
    return earliest;
  }

  void order_versions(uint32_t resource) {
    std::vector<Made>& made = registers_[resource].made;
    Nanos written = 0;  // the moment of the last write, were there no reads
    Nanos shown = 0;    // of what was placed last
    for (size_t v = 1; v < made.size(); ++v) {
      if (made[v].makers.empty()) {  // found already
        made[v].earliest = shown;
        continue;
      }
      Nanos at = earliest_within(made[v].makers, shown);
      if (at == kEndOfTime) {
        at = earliest_within(made[v].makers, written);
        if (at != kEndOfTime) {
          find(Fault::kStaleRead,
               fmt::format("resource {}: version {} was shown when {} was there for sure", resource,
                           v - 1, v));
        } else {
          find(Fault::kOrder, fmt::format("resource {}: version {} was asked for before version {}",
                                          resource, v, v - 1));
          at = written;
        }
      }
      made[v].earliest = written = shown = at;
      for (const Interval& read : made[v].reads) {
        if (read.end < at) {
          find(Fault::kEarlyRead,
               fmt::format("resource {}: version {} was shown before it was asked for", resource,
                           v));
        } else {
          shown = std::max(shown, read.begin);
        }
      }
    }
    Nanos next = kEndOfTime;
    for (size_t v = made.size(); v-- > 1;) {
      Nanos latest = made[v].makers.empty() ? kEndOfTime : 0;
      for (const Interval& maker : made[v].makers) {
        latest = std::max(latest, maker.end);
      }
      for (const Interval& read : made[v].reads) {
        latest = std::min(latest, read.end);
      }
      made[v].latest = next = std::min(latest, next);
    }
  }

  // --- what shows no version --------------------------------------------------------------------

  // Whether that version may have been the newest at some moment of it. 0: none was there yet.
  bool may_have_been(uint32_t resource, uint32_t number, Interval when) const {
    const std::vector<Made>& made = registers_[resource].made;
    const Nanos end = number + 1 < made.size() ? made[number + 1].latest : kEndOfTime;
    return std::max(when.begin, made[number].earliest) <= std::min(when.end, end);
  }

  bool may_have_been_deleted(uint32_t resource, Interval when) const {
    const auto& all = versions(resource);
    return std::any_of(all.begin(), all.end(), [&](const Version& version) {
      return version.is_deletion() && may_have_been(resource, version.number, when);
    });
  }

  bool may_have_refused(const Change& change, Interval when) const {
    const auto& all = versions(change.resource);
    return std::any_of(all.begin(), all.end(), [&](const Version& version) {
      return (version.number != *change.if_match || version.is_deletion()) &&
             may_have_been(change.resource, version.number, when);
    });
  }

  void judge_what_has_no_place() {
    for (const Request& request : history_.requests) {
      judge_refusal(request);
    }
    for (const Read& read : history_.reads) {
      const Interval when{read.begin, read.end};
      if (read.what == Read::What::kGone && !may_have_been_deleted(read.resource, when)) {
        find(Fault::kNeverGone,
             fmt::format("resource {} was shown as deleted and was there", read.resource));
      }
      if (read.what == Read::What::kVersion && version(read.resource, read.version.number) &&
          registers_[read.resource].made[read.version.number].earliest > read.end) {
        find(Fault::kEarlyRead,
             fmt::format("resource {}: version {} was shown before it was asked for", read.resource,
                         read.version.number));
      }
    }
    std::map<uint32_t, std::vector<uint32_t>> by_patient;
    for (uint32_t i = 0; i < registers_.size(); ++i) {
      by_patient[history_.resources[i].patient].push_back(i);
    }
    for (const Snapshot& snapshot : history_.snapshots) {
      judge_snapshot(snapshot, by_patient[snapshot.patient]);
    }
  }

  void judge_refusal(const Request& request) {
    const Interval when{request.begin, request.end};
    if (request.outcome == Outcome::kGone &&
        std::none_of(request.changes.begin(), request.changes.end(), [&](const Change& change) {
          return may_have_been_deleted(change.resource, when);
        })) {
      find(Fault::kNeverGone,
           fmt::format("write {} was refused as of something deleted", marker_of(request)));
    }
    if (request.outcome == Outcome::kUnmatched &&
        std::none_of(request.changes.begin(), request.changes.end(), [&](const Change& change) {
          return change.if_match && may_have_refused(change, when);
        })) {
      find(Fault::kNeedlessRefusal,
           fmt::format("write {} was refused though If-Match held", marker_of(request)));
    }
  }

  // --- transactions in one answer ---------------------------------------------------------------

  // The versions that a resource may have had at the moment of a snapshot.
  struct Range {
    uint32_t from = 0;
    uint32_t to = 0;
  };

  void judge_snapshot(const Snapshot& snapshot, const std::vector<uint32_t>& resources) {
    std::unordered_map<uint32_t, Range> ranges;
    for (const Snapshot::Seen& seen : snapshot.seen) {
      ranges[seen.resource] = {seen.version.number, seen.version.number};
    }
    const Interval when{snapshot.begin, snapshot.end};
    for (uint32_t resource : resources) {
      if (!ranges.contains(resource)) {
        if (auto range = range_of_absent(resource, when)) {
          ranges[resource] = *range;
        } else {
          find(Fault::kNeverGone,
               fmt::format("resource {} was left out of a record, and was there", resource));
        }
      }
    }
    for (const auto& [resource, range] : ranges) {
      judge_one_of_snapshot(resource, range.to, ranges);
    }
  }

  std::optional<Range> range_of_absent(uint32_t resource, Interval when) const {
    std::optional<Range> range;
    const auto& made = registers_[resource].made;
    for (uint32_t v = 0; v < made.size(); ++v) {
      const bool is_absence = v == 0 || versions(resource)[v - 1].is_deletion();
      if (is_absence && may_have_been(resource, v, when)) {
        range = {range ? range->from : v, v};
      }
    }
    return range;
  }

  // Nothing may show a transaction that this resource does not show.
  void judge_one_of_snapshot(uint32_t resource, uint32_t newest,
                             const std::unordered_map<uint32_t, Range>& ranges) {
    const auto& made = registers_[resource].made;
    for (size_t v = size_t{newest} + 1; v < made.size(); ++v) {
      if (made[v].transaction == kNoRequest) {
        continue;
      }
      for (const Change& change : history_.requests[made[v].transaction].changes) {
        const auto other = ranges.find(change.resource);
        const auto& markers = registers_[change.resource].by_marker;
        const auto there = markers.find(change.marker);
        if (other != ranges.end() && there != markers.end() &&
            other->second.from >= there->second) {
          find(Fault::kHalfShown, fmt::format("write {} was shown in resource {} and not in {}",
                                              change.marker, change.resource, resource));
        }
      }
    }
  }

  const History& history_;
  std::vector<Register> registers_;
  std::vector<Finding> findings_;
};

}  // namespace

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::kVersionGap:
      return "version gap";
    case Fault::kLostWrite:
      return "lost write";
    case Fault::kUnsentWrite:
      return "unsent write";
    case Fault::kRefusedWrite:
      return "refused write";
    case Fault::kOrder:
      return "order";
    case Fault::kStaleRead:
      return "stale read";
    case Fault::kEarlyRead:
      return "early read";
    case Fault::kChangedVersion:
      return "changed version";
    case Fault::kStaleIfMatch:
      return "stale If-Match";
    case Fault::kNeedlessRefusal:
      return "needless refusal";
    case Fault::kHalfTransaction:
      return "half a transaction";
    case Fault::kHalfShown:
      return "half a transaction shown";
    case Fault::kNeverGone:
      return "never gone";
  }
  return "";
}

std::vector<Finding> check(const History& history) {
  return Checker(history).run();
}

}  // namespace continuum::consistency
