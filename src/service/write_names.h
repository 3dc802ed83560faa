// Which resources a write means: those it changes, by id or criteria, and those it refers to.
// Internal.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "fhir/reference.h"
#include "service/conditions.h"
#include "service/writing.h"

namespace continuum::service {

// One thread at a time; the writing must outlive it.
class WriteNames {
 public:
  explicit WriteNames(Writing& writing);

  // Fills in which resource a change is of, where its request says so. Errors as prepare_write.
  Status find_target(const Change& change, ChangePlan& plan, size_t index);
  // An id that a client gives what it makes. kInvalid, kConflict.
  Status take_given_id(fhir::TypeNumber type, const std::string& text, ChangePlan& plan);
  // Gives what is made an id, unless it has one; others may name it from now on. kInvalid: two
  // changes have one name, or are of one resource.
  Status add(const Change& change, ChangePlan& plan, size_t index);

  // What a reference leads to: another change, or something in the store.
  struct Named {
    std::optional<size_t> change;
    record::Located located;  // when it is no change
    record::ResourceKey resource;
    std::string text;  // Type/id, as it is stored
  };
  // Nothing: it leads nowhere that is known here.
  Result<std::optional<Named>> find(const Change& from, std::string_view reference);
  // The other change that has that fullUrl.
  std::optional<Named> find_by_full_url(std::string_view url) const;
  fhir::TypeNumber type_of(const Named& named) const {
    return named.change ? writing_.changes[*named.change].type : named.located.key.type;
  }
  // Whether what it names, in either form, would be taken for another change.
  bool is_of_sibling(const Change& from, const std::string& reference) const;

  // What the write rests on.
  Conditions& conditions() { return conditions_; }
  const Conditions& conditions() const { return conditions_; }

 private:
  Status find_stored(const Change& change, ChangePlan& plan);
  Status find_met(const Change& change, ChangePlan& plan, size_t index);
  Status check_may_ask() const;
  Status check_is_alone(const ChangePlan& plan);
  Result<std::optional<record::ResourceKey>> referred(std::string_view reference);
  std::optional<Named> named_sibling(size_t index) const;
  Result<std::optional<Named>> find_condition(const fhir::ParsedReference& parsed);
  Result<std::optional<Named>> find_here(const fhir::ParsedReference& parsed);
  std::optional<size_t> find_sibling(const Change& from, const fhir::ParsedReference& parsed) const;
  std::optional<size_t> find_given(const fhir::ParsedReference& parsed) const;
  bool is_here(const fhir::ParsedReference& parsed) const;
  Result<std::optional<Named>> find_in_store(const fhir::ParsedReference& parsed);

  Writing& writing_;
  record::IdMinter minter_;
  Conditions conditions_;
  std::unordered_map<std::string, size_t> by_full_url_;
  std::map<std::pair<fhir::TypeNumber, std::string>, size_t> by_given_id_;  // of what is made
  std::map<std::pair<fhir::TypeNumber, record::IdHash>, bool> named_;  // and whether it is kept
};

// One text for what is absent and what is another's.
tl::unexpected<Error> no_such_resource();

}  // namespace continuum::service
