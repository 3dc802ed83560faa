#include "service/history_page.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"
#include "service/limits.h"

namespace continuum::service {

bool is_chosen(const HistoryQuery& query, const record::RowHeader& version,
               std::optional<Instant> until) {
  if (query.since && version.instant < *query.since) {
    return false;
  }
  if (!query.at) {
    return true;
  }
  bool begins_before_end = version.instant < query.at->high;
  bool begins_within = version.instant >= query.at->low;
  bool lasts_into_it = !version.deleted && (!until || *until > query.at->low);
  return begins_before_end && (begins_within || lasts_into_it);
}

Result<HistoryStart> start_of(const Context& context, const Address& address,
                              const PageRequest& page) {
  if (!page.token) {
    return HistoryStart{.t = context.view.stable_t(), .after = {}};
  }
  TRY(PageToken token,
      open_page_token({context.page_token_key, context.principal, address}, *page.token));
  return HistoryStart{
      .t = token.t, .after = record::VersionKey{token.at, token.last}, .members = token.members};
}

HistoryPage::HistoryPage(const Context& context, const PageRequest& page, const HistoryStart& start)
    : context_(context), size_(0), t_(start.t), last_(start.after), bundle_(context, "history") {
  CHECK(page.size.has_value());
  size_ = *page.size;
}

Status HistoryPage::add(const record::StoredItem& item) {
  const record::RowHeader& header = item.row.header;
  const record::VersionKey key{header.t, item.key};
  VersionFacts facts;
  if (header.deleted) {
    TRY(record::ResourceId id, context_.view.id_of(item));
    facts.deleted_id = id.text();
  } else if (header.version > 1) {
    TRY(auto before, context_.view.version_before(key));
    facts.follows_deletion = before && before->deleted;
  }
  TRY(bundle_.add_version(item, facts));
  ++shown_;
  last_ = key;
  return {};
}

Result<Answer> HistoryPage::finish(const Address& address, std::optional<uint64_t> total, bool more,
                                   uint64_t members) && {
  std::optional<PageToken> next;
  if (more && size_ > 0 && last_) {
    next = PageToken{.t = t_, .last = last_->item, .at = last_->t, .members = members};
  }
  return std::move(bundle_).finish(address, total, next);
}

VersionList::VersionList(const Context& context, const HistoryQuery& query, record::T t)
    : context_(context), query_(query), t_(t) {
  auto empty = context.budget.reserve(0);
  CHECK(empty.has_value());
  reservation_ = std::move(*empty);
}

Status VersionList::note(const record::StoredItem& version) {
  const record::RowHeader& header = version.row.header;
  if (++read_ > kVersionsReadMax) {
    return fail(ErrorCode::kTooLarge, "there are more versions than one history can look at",
                {{"", "ask for one type or resource"}});
  }
  if (header.t > t_) {
    return {};
  }
  std::optional<Instant> until;
  if (last_item_ == version.key) {
    until = last_instant_;
  }
  last_item_ = version.key;
  last_instant_ = header.instant;
  if (!is_chosen(query_, header, until)) {
    return {};
  }
  if (listed_.size() == kVersionsListedMax) {
    return fail(ErrorCode::kTooLarge, "more versions are asked for than one history can order",
                {{"", "ask with _since or _at, or for one type or resource"}});
  }
  if (listed_.size() == listed_.capacity()) {
    size_t capacity = std::max(kVersionsListedFirst, 2 * listed_.capacity());
    TRY(reservation_.grow(capacity * sizeof(Listed)));  // while they move, both are held
    listed_.reserve(capacity);
    reservation_.shrink_to(capacity * sizeof(Listed));
  }
  record::ItemKey home = version.key;
  if (!version.row.places.empty()) {
    record::ItemPlace first = record::places_of(version.row).front();
    home = {first.ord, version.key.type, first.item};
    has_places_ = true;
  }
  listed_.push_back({{header.t, version.key}, home, header.version, header.deleted});
  return {};
}

void VersionList::note_end(const record::StoredItem& version) {
  last_item_ = version.key;
  last_instant_ = version.row.header.instant;
}

void VersionList::settle() {
  if (has_places_) {
    // Of one version, what is there before what has left, and the home before copies.
    std::sort(listed_.begin(), listed_.end(), [](const Listed& a, const Listed& b) {
      auto rank = [](const Listed& one) {
        return std::tuple(one.home, one.version, one.deleted, one.key.item != one.home,
                          one.key.item);
      };
      return rank(a) < rank(b);
    });
    auto same = std::unique(listed_.begin(), listed_.end(), [](const Listed& a, const Listed& b) {
      return a.home == b.home && a.version == b.version;
    });
    listed_.erase(same, listed_.end());
  }
  std::sort(listed_.begin(), listed_.end(), [this](const Listed& a, const Listed& b) {
    return record::comes_before(a.key, b.key, query_.order);
  });
}

Result<Answer> VersionList::answer(HistoryPage&& page, const HistoryStart& start,
                                   const Address& address, uint64_t members) const {
  auto at = listed_.begin();
  if (start.after) {
    at = std::partition_point(at, listed_.end(), [&](const Listed& one) {
      return !record::comes_before(*start.after, one.key, query_.order);
    });
  }
  for (; at != listed_.end() && !page.is_full(); ++at) {
    TRY(record::StoredItem item, context_.view.read_version_of(at->key));
    TRY(page.add(item));
  }
  return std::move(page).finish(address, listed_.size(), at != listed_.end(), members);
}

}  // namespace continuum::service
