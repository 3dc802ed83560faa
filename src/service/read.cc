#include "service/read.h"

#include "service/limits.h"

namespace continuum::service {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;

int64_t second_of(Instant instant) {
  int64_t second = instant.micros / kMicrosPerSecond;
  return instant.micros % kMicrosPerSecond < 0 ? second - 1 : second;
}

}  // namespace

Result<record::Located> locate(access::Visit& view, const ResourceName& name) {
  auto id = record::ResourceId::named(name.id);
  if (!id) {
    view.note_absent();
    return fail(ErrorCode::kNotFound, "there is no resource of that type and id");
  }
  return view.locate({name.type, *id});
}

Result<record::StoredItem> find_current(access::Visit& view, const ResourceName& name) {
  TRY(record::Located located, locate(view, name));
  return view.read(located.key);
}

Result<record::StoredItem> find_version(access::Visit& view, const ResourceName& name,
                                        uint32_t version) {
  TRY(record::Located located, locate(view, name));
  TRY(record::ItemKey key, view.place_of_version(located, version));
  TRY(record::StoredItem item, view.read_version(key, version));
  if (item.row.header.deleted) {
    return fail(ErrorCode::kGone, "that version is the resource's deletion");
  }
  return item;
}

Result<bool> is_alone_in_its_second(access::Visit& view, const record::StoredItem& item) {
  const record::RowHeader& header = item.row.header;
  if (header.version <= 1) {
    return true;
  }
  auto before = view.read_version(item.key, header.version - 1);
  if (!before) {  // it was elsewhere: in quarantine, or with another patient
    return before.error().code == ErrorCode::kNotFound ? Result<bool>(false) : fail(before.error());
  }
  return second_of(before->row.header.instant) != second_of(header.instant);
}

Result<Answer> open_resource(const Context& context, const record::StoredItem& item) {
  AnswerBuilder builder(context.budget);
  TRY(builder.make_room(item.row.header.body_size + kEntryBytes));
  TRY(context.view.append_resource(item, builder.text()));
  return std::move(builder).finish();
}

}  // namespace continuum::service
