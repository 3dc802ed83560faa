// Walks the rows of the citizen's own source patients: they stand together, one range for each.
#include <algorithm>

#include "service/history.h"
#include "service/history_page.h"
#include "service/person_fingerprint.h"

namespace continuum::service {
namespace {

// Whether a resource that left its place went to another one of the same person.
Result<bool> stays_with(const record::Person& person, access::Visit& view,
                        const record::StoredItem& end) {
  TRY(record::ResourceId id, view.id_of(end));
  TRY(record::Located located, view.locate({end.key.type, id}));
  TRY(record::ItemKey place, view.place_of_version(located, end.row.header.version));
  return std::any_of(
      person.members.begin(), person.members.end(),
      [&place](const record::SourcePatient& member) { return member.ord == place.ord; });
}

}  // namespace

Result<Answer> history_of_record(const Context& context, std::optional<fhir::TypeNumber> type,
                                 const HistoryQuery& query, const Address& address,
                                 const PageRequest& page) {
  TRY(HistoryStart start, start_of(context, address, page));
  TRY(record::Person person, context.view.own_person());
  TRY(uint64_t members, fingerprint(person));
  // SAFETY: versions of a source patient who left would be missing from the pages to come, unsaid.
  if (start.after && start.members != members) {
    return fail(ErrorCode::kConflict,
                "who is joined with this patient has changed since the first page: start again");
  }
  VersionList list(context, query, start.t);
  for (const record::SourcePatient& member : person.members) {
    TRY(context.view.scan_versions(
        {member.ord, type, {}}, [&](const record::StoredItem& item) -> Result<bool> {
          TRY(bool goes_on,
              item.row.header.moved ? stays_with(person, context.view, item) : Result<bool>(false));
          if (goes_on) {
            list.note_end(item);
            return true;
          }
          TRY(list.note(item));
          return true;
        }));
  }
  list.settle();
  return list.answer(HistoryPage(context, page, start), start, address, members);
}

}  // namespace continuum::service
