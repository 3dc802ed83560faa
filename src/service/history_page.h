// One page of a history while it is gathered. Internal.
#pragma once

#include <optional>
#include <vector>

#include "http/budget.h"
#include "service/bundle.h"
#include "service/history.h"
#include "service/page_token.h"

namespace continuum::service {

// Where a page begins.
struct HistoryStart {
  record::T t = 0;                          // of which it is
  std::optional<record::VersionKey> after;  // the last version before it
  uint64_t members = 0;                     // as in its token; 0 on the first page
};
Result<HistoryStart> start_of(const Context& context, const Address& address,
                              const PageRequest& page);

class HistoryPage {
 public:
  HistoryPage(const Context& context, const PageRequest& page, const HistoryStart& start);

  BundleWriter& bundle() { return bundle_; }
  bool is_full() const { return shown_ == size_; }
  // Shows a version, and goes on after it.
  Status add(const record::StoredItem& item);
  // Goes on after a version that is not shown.
  void pass(const record::VersionKey& version) { last_ = version; }
  // `more`: a version that was neither added nor passed may be asked for.
  Result<Answer> finish(const Address& address, std::optional<uint64_t> total, bool more,
                        uint64_t members = 0) &&;

 private:
  const Context& context_;
  uint32_t size_;
  record::T t_;
  std::optional<record::VersionKey> last_;
  BundleWriter bundle_;
  uint32_t shown_ = 0;
};

// The versions that are chosen, without their bodies: of one resource or one record.
class VersionList {
 public:
  // As of commit `t`.
  VersionList(const Context& context, const HistoryQuery& query, record::T t);

  // Versions item by item, newest first in each: as scan_versions gives them. kTooLarge: more
  // than one history can order (limits.h). kBusy: the byte budget has no room.
  Status note(const record::StoredItem& version);
  // The same of an end that is told of elsewhere: only the version before it ends with it.
  void note_end(const record::StoredItem& version);
  // Puts them in order, each version of each resource once.
  void settle();
  size_t size() const { return listed_.size(); }
  // The page that starts there.
  Result<Answer> answer(HistoryPage&& page, const HistoryStart& start, const Address& address,
                        uint64_t members = 0) const;

 private:
  struct Listed {
    record::VersionKey key;
    record::ItemKey home;
    uint32_t version = 0;
    bool deleted = false;
  };
  const Context& context_;
  const HistoryQuery& query_;
  record::T t_;
  std::vector<Listed> listed_;
  http::ByteBudget::Reservation reservation_;
  bool has_places_ = false;
  size_t read_ = 0;
  // The last one noted, chosen or not.
  std::optional<record::ItemKey> last_item_;
  Instant last_instant_;
};

}  // namespace continuum::service
