#include "service/history.h"

#include "service/history_page.h"

namespace continuum::service {

Result<Answer> history_of_resource(const Context& context, const ResourceName& name,
                                   const HistoryQuery& query, const Address& address,
                                   const PageRequest& page) {
  TRY(record::ItemKey key, locate(context.view, name));
  auto start = start_of(context, address, page);
  VersionList list(context, query, start ? start->t : 0);
  TRY(context.view.scan_versions(key, [&list](const record::StoredItem& item) -> Result<bool> {
    TRY(list.note(item));
    return true;
  }));
  // SAFETY: only now, as for whole records: what is wrong with the page must not tell that there is
  // something to page through.
  TRY(start);
  list.settle();
  HistoryPage first(context, page, *start);
  TRY(first.bundle().as_at(start->t));
  return list.answer(std::move(first), *start, address);
}

}  // namespace continuum::service
