#include "fhir/bundle.h"

#include <algorithm>

namespace continuum::fhir {
namespace {

Status cut_entry(json::Cutter& cutter, RawEntry& entry) {
  if (!cutter.peek('{')) {
    TRY(auto value, cutter.value());
    static_cast<void>(value);
    entry.status = fail(ErrorCode::kInvalid, "the entry is not an object");
    return {};
  }
  return json::for_each_member(cutter, [&](std::string_view key) -> Status {
    TRY(auto value, cutter.value());
    std::string_view* slot = key == "fullUrl"    ? &entry.full_url
                             : key == "resource" ? &entry.resource
                             : key == "request"  ? &entry.request
                             : key == "response" ? &entry.response
                             : key == "search"   ? &entry.search
                                                 : nullptr;
    if (slot != nullptr && !slot->empty()) {
      entry.status = fail(ErrorCode::kInvalid, "the entry has two members of the same name");
    } else if (slot != nullptr) {
      *slot = value;
    }
    return {};
  });
}

}  // namespace

// PERF: one walk over the text; a Bundle's entries are most of it.
Result<RawBundle> cut_bundle(std::string_view text, size_t entries_max) {
  RawBundle bundle;
  json::Cutter cutter(text);
  TRY(cutter.check_size());
  bool has_entries = false;
  TRY(json::for_each_member(cutter, [&](std::string_view key) -> Status {
    bool again = std::any_of(bundle.members.begin(), bundle.members.end(),
                             [&](const json::Member& member) { return member.key == key; });
    if (again || (key == "entry" && has_entries)) {
      return fail(ErrorCode::kInvalid, "the resource has two members of the same name");
    }
    if (key != "entry" || !cutter.peek('[')) {
      TRY(auto value, cutter.value());
      bundle.members.push_back({key, value});
      return {};
    }
    has_entries = true;
    return json::for_each_element(cutter, [&]() -> Status {
      if (bundle.entries.size() == entries_max) {
        return fail(ErrorCode::kTooLarge,
                    "the Bundle has more than " + std::to_string(entries_max) + " entries");
      }
      bundle.entries.emplace_back();
      return cut_entry(cutter, bundle.entries.back());
    });
  }));
  TRY(cutter.end());
  return bundle;
}

}  // namespace continuum::fhir
