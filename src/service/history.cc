#include "service/history.h"

#include <algorithm>

#include "service/bundle.h"

namespace continuum::service {

Result<Answer> history(const Context& context, const ResourceName& name, const Address& address,
                       const PageRequest& page) {
  TRY(record::ItemKey key, locate(context.view, name));
  // SAFETY: before the page is looked at, as for whole records.
  TRY(auto versions, context.view.versions(key));
  PageToken place{.t = context.view.stable_t(), .last = key, .version = UINT32_MAX};
  if (page.token) {
    TRY(place, open_page_token({context.page_token_key, context.principal, address}, *page.token));
  }
  std::erase_if(versions,
                [&place](const record::StoredItem& item) { return item.row.header.t > place.t; });
  if (versions.empty()) {
    return fail(ErrorCode::kNotFound, "there is no resource of that type and id");
  }
  BundleWriter bundle(context, "history");
  TRY(bundle.as_at(place.t));
  uint32_t shown = 0;
  bool more = false;
  for (const record::StoredItem& item : versions) {
    if (item.row.header.version >= place.version) {
      continue;
    }
    more = page.size && shown == *page.size;
    if (more) {
      break;
    }
    TRY(bundle.add_version(item, name.id));
    ++shown;
    place.version = item.row.header.version;
  }
  std::optional<PageToken> next;
  if (more && shown > 0) {
    next = place;
  }
  return std::move(bundle).finish(address, versions.size(), next);
}

}  // namespace continuum::service
