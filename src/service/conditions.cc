#include "service/conditions.h"

namespace continuum::service {
namespace {

std::string name_of(fhir::TypeNumber type, std::optional<record::SourceNumber> source,
                    std::span<const http::Parameter> parameters) {
  std::string name(fhir::type_name(type));
  name += source ? " of " + std::to_string(*source) : " of all";
  for (const http::Parameter& parameter : parameters) {
    name +=
        '&' + http::percent_encode(parameter.name) + '=' + http::percent_encode(parameter.value);
  }
  return name;
}

}  // namespace

Result<std::optional<Met>> Conditions::look_up(fhir::TypeNumber type,
                                               std::optional<record::SourceNumber> source,
                                               std::span<const http::Parameter> parameters,
                                               std::optional<size_t> maker) {
  std::string name = name_of(type, source, parameters);
  auto known = known_.find(name);
  if (known == known_.end()) {
    for (const http::Parameter& parameter : parameters) {
      TRY(visit_.check_search(type, parameter.name.substr(0, parameter.name.find(':'))));
    }
    TRY(auto criteria, parse_criteria(type, source, parameters, find_referred_));
    TRY(Known found, look_up_new(std::move(criteria)));
    known = known_.emplace(std::move(name), std::move(found)).first;
  }
  if (maker && !known->second.met) {
    makings_.push_back({*maker, known->second.condition});
  }
  return known->second.met;
}

Result<Conditions::Known> Conditions::look_up_new(record::Criteria criteria) {
  const record::View& view = visit_.whole_view();
  TRY(auto items, view.find_matching(criteria, 2));
  if (items.size() > 1) {
    return fail(ErrorCode::kPreconditionFailed, "several resources meet a condition",
                {{"", "add criteria that only one meets"}});
  }
  Known known{std::nullopt, conditions_.size()};
  record::Condition condition{std::move(criteria), std::nullopt, view.stable_t()};
  if (!items.empty()) {
    condition.match = items.front();
    TRY(known.met, met(items.front()));
  }
  conditions_.push_back(std::move(condition));
  return known;
}

Result<Met> Conditions::met(const record::ItemKey& item) const {
  const record::View& view = visit_.whole_view();
  TRY(auto stored, view.read(item));
  Met met;
  TRY(record::ResourceId id, view.id_of(stored));
  met.resource = {item.type, id};
  TRY(met.located, view.locate(met.resource));
  return met;
}

std::optional<Conditions::Clash> Conditions::find_clash(
    std::span<const record::Prepared* const> items) const {
  if (makings_.empty()) {
    return std::nullopt;
  }
  record::StagedItems staged;
  std::map<const record::Prepared*, size_t> index_of;
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i] != nullptr) {
      staged.add(*items[i]);
      index_of.emplace(items[i], i);
    }
  }
  for (const Making& making : makings_) {
    for (const record::Prepared* item : staged.meeting(conditions_[making.condition].criteria)) {
      size_t other = index_of.at(item);
      if (other != making.maker) {
        return Clash{making.maker, other};
      }
    }
  }
  return std::nullopt;
}

}  // namespace continuum::service
