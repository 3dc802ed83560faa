#include "service/author_place.h"

#include <algorithm>

#include "json/document.h"

namespace continuum::service {
namespace {

tl::unexpected<Error> unknown_patient() {
  return fail(ErrorCode::kInvalid, "the resource names no patient whom you may write about",
              {{"", "name one Patient by the id it has here"}});
}

}  // namespace

Result<record::Ord> place_of_author(access::Visit& visit, fhir::TypeNumber type,
                                    std::string_view patient) {
  auto id = record::ResourceId::named(patient);
  if (!id) {
    visit.note_absent();
    return unknown_patient();
  }
  auto located = visit.locate({fhir::kPatientType, *id});
  auto read =
      located ? visit.read(located->key) : Result<record::StoredItem>(fail(located.error()));
  auto rule = read ? visit.may_author(located->key.ord, type)
                   : Result<std::string_view>(fail(read.error()));
  if (rule) {
    return located->key.ord;
  }
  bool is_nobody =
      rule.error().code == ErrorCode::kNotFound || rule.error().code == ErrorCode::kGone;
  return is_nobody ? Result<record::Ord>(unknown_patient()) : fail(rule.error());
}

Status check_is_own(access::Visit& visit, const config::Region& region, const Author& author,
                    const record::Located& located) {
  TRY(visit.may_author(located.key.ord, located.key.type));
  const record::View& view = visit.whole_view();
  TRY(auto versions, view.versions(located.key));
  auto last = std::find_if(versions.begin(), versions.end(),
                           [](const record::StoredItem& item) { return !item.row.header.deleted; });
  if (last == versions.end()) {
    return fail(ErrorCode::kCorrupt, "a deleted resource has no version before");
  }
  std::string body;
  TRY(view.open_canonical(*last, body));
  json::Document document;
  TRY(document.parse(body));
  auto patient = patient_named(located.key.type, *document.root(), region.base_url);
  if (!patient || !is_by(author, {located.key.type, *patient, region.base_url}, *document.root())) {
    visit.note_absent();
    return fail(ErrorCode::kNotFound, "there is no resource of that type and id");
  }
  return {};
}

}  // namespace continuum::service
