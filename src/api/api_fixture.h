// For tests: a store in memory with a region around it, and an Api to ask.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "api/waiting_test.h"
#include "json/document.h"

namespace continuum::api {

// Tokens are names of callers: "reader" (staff whom the policy lets see every patient and what is
// shared) and "no-search" (the same, but may not search by Patient's identifier); as region.policy
// has it, "gp", "gp-2" and "clerk" of A81001, "other-gp" of A81002 and "ward" of RXX;
// "eraser" and "eraser-2" of A81001 and "eraser-of-trust" of RXX may have records erased;
// "eraser-at-trust" is "eraser" there, and "eraser-in-another-role" too. "gp-at-trust" and
// "gp-as-clerk" are "gp" in another organisation and role; citizens as "citizen:NUMBER:BIRTHDATE";
// "system:SOURCE"; and "operator".
inline constexpr std::string_view kReader = "reader";

// Which patient of which source a resource is kept under.
struct Home {
  std::string source;
  std::string patient;  // the source's own id
  bool quarantined = false;
  bool shared = false;
};

class ApiFixture {
 public:
  explicit ApiFixture(uint64_t budget_bytes = uint64_t{64} << 20,
                      record::Engine engine = record::Engine::kMemory);

  // Stores a resource ({"resourceType":...}) and gives its regional id. `match`: Patients only.
  std::string put(const Home& home, std::string_view own_id, std::string_view json,
                  std::string_view match = {}, const std::vector<Home>& also_about = {});
  void remove(const Home& home, fhir::TypeNumber type, std::string_view own_id);
  // Changes what is about to be written next, as a defect or a damaged disk would.
  void damage_next(std::function<void(record::Prepared&)> damage) { damage_ = std::move(damage); }
  // Of each caller; from now on.
  void limit_requests(uint64_t per_second);
  // The place of a source patient.
  record::Ord ord_of(const Home& home);
  record::Store& store() { return *store_; }
  const config::Region& region() const { return region_; }
  http::ByteBudget& budget() { return budget_; }
  Api& api() { return *api_; }
  FakeClock& clock() { return clock_; }
  record::T t() { return store_->view()->stable_t(); }
  record::SourceNumber source(std::string_view name);

  // `target` below the FHIR base unless it starts with '/'.
  http::Request request(std::string_view method, std::string_view target,
                        std::string_view caller = kReader) const;
  http::Response send(const http::Request& request) { return handle_and_wait(*api_, request); }
  http::Response get(std::string_view target, std::string_view caller = kReader) {
    return send(request("GET", target, caller));
  }
  // Decoded entries of the ledger, and the inside of a person entry.
  std::vector<ledger::Entry> entries();
  ledger::PersonPart open(const ledger::PersonEntry& entry, record::Ord ord);
  access::Door& door() { return *door_; }
  service::Checkpoints& checkpoints() { return *checkpoints_; }

 private:
  void make_api();
  record::ResourceKey key_of(const Home& home, fhir::TypeNumber type, std::string_view own_id,
                             record::Ord& ord);
  void commit(const record::Draft& draft);

  MemoryFileSystem files_;
  FakeClock clock_;
  config::Region region_;
  http::ByteBudget budget_;
  std::unique_ptr<record::Store> store_;
  std::unique_ptr<service::Checkpoints> checkpoints_;
  std::unique_ptr<access::Door> door_;
  std::unique_ptr<Api> api_;
  std::function<void(record::Prepared&)> damage_;
};

// A parsed body, with short ways in. A missing member fails the test.
class Body {
 public:
  explicit Body(std::string_view json);
  const json::Node& root() const { return *document_.root(); }
  std::string string(std::string_view name) const { return std::string(root().string(name)); }
  uint64_t total() const;
  // The url of that link, below the FHIR base; empty when there is none.
  std::string link(std::string_view relation) const;
  // Type/id of each entry with that search mode.
  std::vector<std::string> entries(std::string_view mode = "match") const;
  // Diagnostics of each issue of the OperationOutcome that this is, or that the Bundle starts with.
  std::vector<std::string> diagnostics() const;
  std::string issue_code() const;

 private:
  json::Document document_;
};

}  // namespace continuum::api
