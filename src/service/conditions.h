// What the conditions of one write are met by, looked up once each and kept for the commit, where
// they are looked up again (record/criteria.h).
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "access/visit.h"
#include "http/query.h"
#include "record/criteria.h"
#include "service/criteria.h"

namespace continuum::service {

// What meets a condition.
struct Met {
  record::ResourceKey resource;
  record::Located located;
};

// One thread at a time.
class Conditions {
 public:
  Conditions(access::Visit& visit, FindReferred find_referred)
      : visit_(visit), find_referred_(std::move(find_referred)) {}

  // The one current resource that meets the criteria; nothing when none does. `source`: whose are
  // looked among; nothing: shared ones, of all. `maker`: the change that makes one when there is
  // none. kPreconditionFailed: several do. kForbidden: the policy denies the caller a parameter.
  // kInvalid and kTooLarge: parse_criteria, find_matching.
  Result<std::optional<Met>> look_up(fhir::TypeNumber type,
                                     std::optional<record::SourceNumber> source,
                                     std::span<const http::Parameter> parameters,
                                     std::optional<size_t> maker = std::nullopt);

  // What two changes of one write may not be: one makes what the other says is not there.
  struct Clash {
    size_t maker;
    size_t other;
  };
  // `items`: what each change stores; null: nothing.
  std::optional<Clash> find_clash(std::span<const record::Prepared* const> items) const;

  std::vector<record::Condition> take() { return std::move(conditions_); }

 private:
  struct Known {
    std::optional<Met> met;
    size_t condition;  // its index
  };
  Result<Known> look_up_new(record::Criteria criteria);
  Result<Met> met(const record::ItemKey& item) const;

  access::Visit& visit_;
  FindReferred find_referred_;
  std::map<std::string, Known> known_;  // by type, source and criteria
  std::vector<record::Condition> conditions_;
  struct Making {
    size_t maker;
    size_t condition;
  };
  std::vector<Making> makings_;
};

}  // namespace continuum::service
