// The one door. A request enters with its principal and gets a Visit; what it is answered leaves by
// close(), once the ledger holds who asked, what for, what was shown and by which rule.
//
// SAFETY: fail closed. When the ledger cannot be written, close() fails and nothing may be sent.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "access/disclosed.h"
#include "access/policy.h"
#include "access/visit.h"
#include "config/region.h"
#include "record/store.h"

namespace continuum::access {

// What may be said without a receipt: it says nothing of any record, and is the same whatever the
// store holds.
enum class OpenFact : uint8_t {
  kAlive,          // health and readiness
  kCapabilities,   // what this server offers
  kNotSignedIn,    // who asks is not known
  kNotUnderstood,  // refused before who asks was looked at: framing, limits
  kTooMany,        // more requests than one caller may make
  kLedgerFails,    // the receipt cannot be kept: the answer is withheld
};

// Thread-safe.
class Door {
 public:
  struct Options {
    record::Store& store;          // must outlive the Door
    const config::Region& region;  // must outlive the Door
    const Clock& clock;            // must outlive the Door
  };
  // Puts the policy's text into the ledger, when it is not there yet.
  static Result<std::unique_ptr<Door>> open(const Options& options, Policy policy);

  // Over the store as it is now.
  Result<std::unique_ptr<Visit>> enter(const Principal& principal, Request request);
  // Over the store as of a past commit, under a policy and at a time of then: to rebuild what was
  // shown. It is never to be closed.
  Result<std::unique_ptr<Visit>> enter_as_of(const Principal& principal, Request request,
                                             const Policy& policy, Instant then, record::T t);

  // Ends the visit, and calls `then` once when what it showed is durably written down, or cannot
  // be; perhaps on another thread. Others wait for it: it must be quick, and write nothing.
  template <typename T>
  void close(std::unique_ptr<Visit> visit, uint16_t status, T value,
             std::function<void(Result<Disclosed<T>>)> then) {
    auto kept = std::make_shared<T>(std::move(value));  // shared: std::function wants to be copied
    write_down(std::move(visit), status,
               [kept, then = std::move(then)](const Result<Receipt>& receipt) {
                 then(receipt ? Result<Disclosed<T>>(Disclosed<T>(std::move(*kept), *receipt))
                              : fail(receipt.error()));
               });
  }
  // Ends the visit and commits what was prepared and noted in it, together with what is written
  // down of it: both or neither. `make` then gives the answer, from items that know their version
  // and instant. kConflict: something changed since, or a condition holds no more; begin again with
  // another visit.
  template <typename Make>
  auto commit(std::unique_ptr<Visit> visit, uint16_t status, std::span<record::Prepared> items,
              std::span<const record::Condition> conditions, const Make& make)
      -> Result<Disclosed<decltype(make())>> {
    TRY(Receipt receipt, commit_and_write_down(std::move(visit), status, items, conditions));
    return Disclosed<decltype(make())>(make(), receipt);
  }
  template <typename T>
  static Disclosed<T> tell_everybody(OpenFact fact, T value) {
    static_cast<void>(fact);
    return Disclosed<T>(std::move(value), std::nullopt);
  }

  const Policy& policy() const { return policy_; }

 private:
  Door(const Options& options, Policy policy) : options_(options), policy_(std::move(policy)) {}
  // Sources of the region by name, each with its number; 0 until it has sent anything.
  using Sources = std::map<std::string, std::atomic<record::SourceNumber>>;
  struct KnownOrganisation {
    config::OrganisationKind kind = config::OrganisationKind::kOther;
    std::vector<Sources::value_type*> sources;
  };
  void know_region();
  static Result<std::optional<record::SourceNumber>> number_of(Sources::value_type& source,
                                                               const record::View& view);
  Result<Caller> caller_of(const Principal& principal, const record::View& view);
  Result<Receipt> commit_and_write_down(std::unique_ptr<Visit> visit, uint16_t status,
                                        std::span<record::Prepared> items,
                                        std::span<const record::Condition> conditions);
  using WrittenDown = std::function<void(const Result<Receipt>&)>;
  void write_down(std::unique_ptr<Visit> visit, uint16_t status, WrittenDown then);
  // `id`: of the request, made here.
  Result<std::vector<ledger::Append>> entries_of(const Visit& visit, uint16_t status,
                                                 ledger::RequestId& id);
  Status keep_policy();

  Options options_;
  Policy policy_;
  OwnOrganisations own_organisations_;
  Sources sources_;                                                   // filled once
  std::unordered_map<std::string, KnownOrganisation> organisations_;  // by ODS code; filled once
};

// The manifest of a request: over those of its person entries, in order, and of shared items.
crypto::Digest manifest_of(std::span<const crypto::Digest> persons, const crypto::Digest& shared);

// What is sealed in a request entry, and back again.
struct SealedRequest {
  Principal principal;
  Request request;
  std::vector<uint64_t> patients;  // ord of each person entry, in order
};
std::string encode_sealed_request(const Principal& principal, const Request& request,
                                  std::span<const uint64_t> patients);
Result<SealedRequest> decode_sealed_request(std::string_view json);

}  // namespace continuum::access
