#include "service/clinical_period.h"

#include "fhir/timeline.h"

namespace continuum::service {

Status ClinicalPeriod::read_dates(access::Visit& view, record::Ord ord) {
  dates_.clear();
  return view.scan_timeline(ord, [this](const record::Dated& dated) {
    dates_[number(dated.key)] = {dated.t, dated.date};
    return true;
  });
}

bool ClinicalPeriod::covers(Instant date) const {
  return (!from_ || date >= *from_) && (!before_ || date < *before_);
}

// The timeline tells of current versions only. Another version's date is read from its body.
Result<bool> ClinicalPeriod::has(access::Visit& view, const record::StoredItem& item) const {
  if (fhir::timeline_parameters(item.key.type).empty()) {
    return true;
  }
  auto known = dates_.find(number(item.key));
  if (known != dates_.end() && known->second.t == item.row.header.t) {
    return covers(known->second.instant);
  }
  if (versions_ == Versions::kCurrent) {
    return true;
  }
  TRY(auto date, view.clinical_date(item));
  return !date || covers(*date);
}

}  // namespace continuum::service
