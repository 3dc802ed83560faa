// Reads what the source changed in order, and stops when the page is full or has looked enough: a
// page costs the same wherever it begins.
#include <algorithm>

#include "service/history.h"
#include "service/history_page.h"
#include "service/limits.h"

namespace continuum::service {
namespace {

class Walk {
 public:
  Walk(const Context& context, std::optional<fhir::TypeNumber> type, const HistoryQuery& query,
       const PageRequest& page, const HistoryStart& start)
      : context_(context), type_(type), query_(query), start_(start), page_(context, page, start) {}

  Result<Answer> run(const Address& address) && {
    TRY(record::ChangesQuery range, commits());
    if (!page_.is_full() && range.from <= range.to) {
      TRY(context_.view.scan_changes(
          range, [this](record::T t, const record::Change& change) { return look(t, change); }));
    }
    return std::move(page_).finish(address, std::nullopt, more_);
  }

 private:
  // Those that can have made what is asked for. Instants never go back along t.
  Result<record::ChangesQuery> commits() {
    record::ChangesQuery range;
    range.to = start_.t;
    range.order = query_.order;
    range.after = start_.after;
    if (query_.since) {
      TRY(range.from, first_at_or_after(*query_.since));
    }
    if (query_.at) {
      TRY(record::T after_end, first_at_or_after(query_.at->high));
      range.to = std::min(range.to, after_end - 1);
      TRY(at_from_, first_at_or_after(query_.at->low));
    }
    return range;
  }
  Result<record::T> first_at_or_after(Instant instant) const {
    TRY(record::T before, context_.view.t_at({instant.micros - 1}));
    return before + 1;
  }

  // False ends the scan; what was looked at then comes again with the next page.
  Result<bool> look(record::T t, const record::Change& change) {
    more_ = read_ == kChangesReadMax || passed_ == kVersionsPassedMax || page_.is_full();
    if (more_) {
      return false;
    }
    ++read_;
    const record::VersionKey version{t, change.item};
    bool is_before = query_.at && t < at_from_;
    if ((type_ && change.item.type != *type_) || (is_before && change.deleted)) {
      page_.pass(version);
      return true;
    }
    TRY(auto item, context_.view.read_change(version, start_.t));
    TRY(bool is_asked_for,
        is_before&& item ? is_current_into_it(version) : Result<bool>(item.has_value()));
    if (!is_asked_for) {
      ++passed_;
      page_.pass(version);
      return true;
    }
    TRY(page_.add(*item));
    return true;
  }

  // Whether a version made before the period of `_at` was the current one in it.
  Result<bool> is_current_into_it(const record::VersionKey& version) const {
    TRY(auto after, context_.view.version_after(version));
    return !after || after->t > start_.t || after->instant > query_.at->low;
  }

  const Context& context_;
  std::optional<fhir::TypeNumber> type_;
  const HistoryQuery& query_;
  const HistoryStart& start_;
  HistoryPage page_;
  record::T at_from_ = 0;  // the first commit not before the period of `_at`
  size_t read_ = 0;
  size_t passed_ = 0;
  bool more_ = false;
};

}  // namespace

Result<Answer> history_of_source(const Context& context, std::optional<fhir::TypeNumber> type,
                                 const HistoryQuery& query, const Address& address,
                                 const PageRequest& page) {
  TRY(HistoryStart start, start_of(context, address, page));
  return Walk(context, type, query, page, start).run(address);
}

}  // namespace continuum::service
