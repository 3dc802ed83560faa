#include "service/history.h"

#include "service/history_page.h"

namespace continuum::service {
namespace {

// Of every place where the caller may see it. Where it left one and may be seen on, that is no
// deletion.
Status note_all(access::Visit& view, const record::Located& located, VersionList& list) {
  TRY(auto places, view.places_of(located));
  Status seen = fail(ErrorCode::kNotFound, "no place was looked at");
  for (const record::ItemKey& place : places) {
    const bool goes_on = seen.has_value();
    Status here = view.scan_versions(place, [&](const record::StoredItem& item) -> Result<bool> {
      if (item.row.header.moved && goes_on) {
        list.note_end(item);
      } else {
        TRY(list.note(item));
      }
      return true;
    });
    if (!here && here.error().code != ErrorCode::kNotFound) {
      return here;
    }
    if (!seen) {
      seen = std::move(here);
    }
  }
  return seen;
}

}  // namespace

Result<Answer> history_of_resource(const Context& context, const ResourceName& name,
                                   const HistoryQuery& query, const Address& address,
                                   const PageRequest& page) {
  TRY(record::Located located, locate(context.view, name));
  auto start = start_of(context, address, page);
  VersionList list(context, query, start ? start->t : 0);
  TRY(note_all(context.view, located, list));
  // SAFETY: only now, as for whole records: what is wrong with the page must not tell that there is
  // something to page through.
  TRY(start);
  list.settle();
  HistoryPage first(context, page, *start);
  TRY(first.bundle().as_at(start->t));
  return list.answer(std::move(first), *start, address);
}

}  // namespace continuum::service
