// What deciding costs: whole records with and without it, in this process; tokens; one item; one
// caller's scope.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "access/door.h"
#include "access/http_fetcher.h"
#include "access/jws.h"
#include "access/key_set_source.h"
#include "access/tokens.h"
#include "base/check.h"
#include "bench/benchmarks.h"
#include "bench/time.h"
#include "service/bundle.h"
#include "service/everything.h"
#include "service/record_outcome.h"

namespace continuum::bench {
namespace {

constexpr size_t kRecordsMax = 400;  // asked for again and again: the files stay in memory
constexpr size_t kVerified = 64;     // tokens
constexpr uint32_t kRepeats = 1'000;

// The server's parts that stand between a request and the store, over a store of this process.
struct Gate {
  config::Region region;
  access::Policy policy;
  std::unique_ptr<record::Store> store;
  SystemClock clock;
  std::unique_ptr<access::Door> door;
  access::HttpFetcher fetcher;

  Gate(config::Region region_, access::Policy policy_, std::unique_ptr<record::Store> store_)
      : region(std::move(region_)), policy(std::move(policy_)), store(std::move(store_)) {}

  static Result<std::unique_ptr<Gate>> open(const Place& place, uint64_t cache_mb) {
    TRY(auto region, config::load_region(posix_files(), place.region_file()));
    TRY(auto policy, access::Policy::load(posix_files(), kPolicyFile));
    TRY(auto store, open_store(place.data(), place.key_file(), cache_mb));
    auto gate = std::make_unique<Gate>(std::move(region), std::move(policy), std::move(store));
    TRY(gate->door,
        access::Door::open({.store = *gate->store, .region = gate->region, .clock = gate->clock},
                           gate->policy));
    return gate;
  }
};

std::string id_in(const Target& target) {
  const size_t from = target.path.find("Patient/") + std::string_view("Patient/").size();
  return target.path.substr(from, target.path.find('/', from) - from);
}

// The whole record by record::View alone: the same look-ups, the same text, nothing decided,
// nothing noted. Its outcome is written by a Visit that was asked about the person before, and so
// decides nothing any more.
class Undecided {
 public:
  Undecided(record::Store& store, const service::Context& standing)
      : store_(store), standing_(standing) {}

  Result<service::Answer> everything(const std::string& patient) {
    auto view = store_.view();
    auto id = record::ResourceId::parse(patient);
    CHECK(id.has_value());
    TRY(record::Located located, view->locate({fhir::kPatientType, *id}));
    TRY(view->read(located.key));
    TRY(record::Person person, view->person_of(located.key.ord));
    service::AnswerBuilder builder(standing_.budget);
    TRY(builder.make_room(kFirstBytes));
    std::string& out = builder.text();
    TRY(begin(*view, out));
    TRY(std::string outcome, service::record_outcome(standing_, person, service::Period::kAll));
    TRY(builder.make_room(outcome.size() + kEntryBytes));
    out += R"(,"entry":[{"resource":)";
    out += outcome;
    out += R"(,"search":{"mode":"outcome"}})";
    uint64_t matched = 0;
    for (const record::SourcePatient& member : person.members) {
      TRY(view->scan(member.ord, {}, [&](const record::StoredItem& item) -> Result<bool> {
        if (is_shown_here(person, item)) {
          ++matched;
          TRY(builder.make_room(item.row.header.body_size + kEntryBytes));
          TRY(add(*view, item, out));
        }
        return true;
      }));
    }
    TRY(builder.make_room(kEntryBytes));
    out += fmt::format(
        R"(],"total":{},"link":[{{"relation":"self","url":"{}/Patient/{}/$everything"}}]}})",
        matched, standing_.region.base_url, patient);
    return std::move(builder).finish();
  }

 private:
  static constexpr size_t kFirstBytes = size_t{64} << 10;
  static constexpr size_t kEntryBytes = 512;

  static Status begin(const record::View& view, std::string& out) {
    const record::T t = view.stable_t();
    TRY(Instant when, view.instant_of(t));
    out += fmt::format(
        R"({{"resourceType":"Bundle","type":"searchset","meta":{{"extension":[{{"url":"{}as-at",)"
        R"("extension":[{{"url":"t","valueString":"t:{}"}},{{"url":"instant","valueInstant":"{}"}}]}}]}})",
        service::kStructureDefinitions, t, to_fhir_instant(when));
    return {};
  }

  static bool is_shown_here(const record::Person& person, const record::StoredItem& item) {
    for (const record::ItemPlace& place : record::places_of(item.row)) {
      if (std::any_of(person.members.begin(), person.members.end(),
                      [&](const auto& member) { return member.ord == place.ord; })) {
        return place.ord == item.key.ord;
      }
    }
    return true;
  }

  Status add(const record::View& view, const record::StoredItem& item, std::string& out) const {
    const std::string_view type = fhir::type_name(item.key.type);
    out += R"(,{"fullUrl":")";
    out += standing_.region.base_url;
    out += '/';
    out += type;
    out += '/';
    const size_t id_at = out.size();
    out.append(record::kIdTextSize, ' ');
    out += R"(","resource":)";
    const size_t body_at = out.size();
    TRY(view.append_resource(item, out));
    const size_t id_in_body =
        body_at + std::string_view(R"({"resourceType":"","id":")").size() + type.size();
    out.replace(id_at, record::kIdTextSize, out.substr(id_in_body, record::kIdTextSize));
    out += R"(,"search":{"mode":"match"}})";
    return {};
  }

  record::Store& store_;
  const service::Context& standing_;
};

class Decisions {
 public:
  Decisions(Stage& stage, const Facts& facts, Gate& gate)
      : stage_(stage),
        facts_(facts),
        gate_(gate),
        keys_(gate.region, gate.fetcher, posix_files(), gate.clock),
        tokens_(gate.region, keys_, gate.clock),
        forgetful_(gate.region, keys_, gate.clock, 1) {}

  Status run() {
    TRY(measure_records());
    TRY(measure_tokens());
    TRY(measure_scope());
    return {};
  }

 private:
  // Who may see the target, as the server would know them.
  Result<access::Principal> caller_of(const Target& target, uint64_t turn) {
    const Peer peer{.callers = &stage_.place().callers()};
    return tokens_.verify(authorization(peer, target, turn));
  }

  Result<service::Answer> decided(const Target& target, const access::Principal& principal) {
    TRY(auto visit, gate_.door->enter(principal, request_of(target)));
    const service::Context context{.view = *visit,
                                   .region = gate_.region,
                                   .budget = budget_,
                                   .page_token_key = page_token_key_,
                                   .principal = principal.subject};
    service::EverythingQuery query;
    query.patient = id_in(target);
    return service::everything(context, query, {"Patient/" + query.patient + "/$everything", {}},
                               {});
  }

  static access::Request request_of(const Target& target) {
    access::Request request;
    request.interaction = "everything";
    request.method = "GET";
    request.path = target.path;
    return request;
  }

  Status measure_records() {
    const size_t count = std::min(kRecordsMax, facts_.records.size());
    std::vector<double> with;
    std::vector<double> without;
    double with_cpu = 0;
    double without_cpu = 0;
    const auto start = SteadyClock::now();
    for (size_t round = 0; round < 2 || seconds_since(start) < 2 * stage_.options().seconds;
         ++round) {
      for (size_t i = 0; i < count; ++i) {
        const Target& target = facts_.records[i];
        TRY(access::Principal principal, caller_of(target, i));
        // One that was asked already about all it will be asked.
        TRY(auto standing, gate_.door->enter(principal, request_of(target)));
        const service::Context context{.view = *standing,
                                       .region = gate_.region,
                                       .budget = budget_,
                                       .page_token_key = page_token_key_,
                                       .principal = {}};
        Undecided plain(*gate_.store, context);
        const std::string id = id_in(target);
        TRY(service::Answer expected, plain.everything(id));
        std::string decided_text;
        // Each goes first every other time.
        for (size_t turn = 0; turn < 2; ++turn) {
          const bool decide = (turn + i + round) % 2 == 0;
          const double cpu = thread_cpu_seconds();
          const auto began = SteadyClock::now();
          TRY(service::Answer answer, decide ? decided(target, principal) : plain.everything(id));
          const double us = seconds_since(began) * 1e6;
          if (round > 0) {
            (decide ? with : without).push_back(us);
            (decide ? with_cpu : without_cpu) += (thread_cpu_seconds() - cpu) * 1e6;
          }
          if (answer.body != expected.body) {
            return fail(ErrorCode::kInternal, "deciding changed the answer, or the floor is wrong",
                        {{target.path, fmt::format("{} and {} bytes", answer.body.size(),
                                                   expected.body.size())}});
          }
        }
      }
    }
    const double asked = static_cast<double>(with.size());
    const Percentiles decided_us = percentiles(with);
    const Percentiles plain_us = percentiles(without);
    Row row{.operation = "decide: whole record, in process"};
    row.figure = decided_us.p50;
    row.unit = "us";
    row.better = Better::kLower;
    row.floor = plain_us.p50;
    row.target = "< 5 % more";
    row.cpu_us = with_cpu / asked;
    row.floor_cpu_us = without_cpu / asked;
    row.p50_ms = decided_us.p50 / 1e3;
    row.p99_ms = decided_us.p99 / 1e3;
    stage_.report().add(row);
    stage_.report().note(fmt::format(
        "decide: deciding adds {:.1f} % to the p50 of a whole record ({:.1f} % of the CPU); {} "
        "people, {} answers each way, equal byte for byte; the receipt is not in it",
        (decided_us.p50 / plain_us.p50 - 1) * 100, (with_cpu / without_cpu - 1) * 100, count,
        with.size()));
    return {};
  }

  // Two tokens in turn by one who remembers one: never remembered.
  Status measure_tokens() {
    std::vector<std::string> fields;
    const auto& issued = stage_.place().callers().tokens(0);
    for (size_t i = 0; i < kVerified && i < issued.size(); ++i) {
      fields.push_back("Bearer " + issued[i]);
    }
    for (const std::string& field : fields) {
      TRY(tokens_.verify(field));
    }
    auto us_of = [&](access::TokenVerifier& verifier) {
      return cpu_us_of(part_seconds(), fields.size(), [&] {
        for (const std::string& field : fields) {
          CHECK(verifier.verify(field).has_value());
        }
      });
    };
    TRY(const double signature_us, signature_floor_us(issued.front()));
    const double digest_us = cpu_us_of(part_seconds(), fields.size(), [&] {
      for (const std::string& field : fields) {
        keep(crypto::sha256(field));
      }
    });
    add_us_row("token: ES256, not seen before", us_of(forgetful_), signature_us);
    add_us_row("token: remembered", us_of(tokens_), digest_us);
    stage_.report().note("token: floors: the signature alone (OpenSSL), and SHA-256 of the token");
    return {};
  }

  Result<double> signature_floor_us(const std::string& token) {
    const auto keys = keys_.keys(gate_.region.issuers.front().url);
    const auto jws = access::split_jws(token);
    if (!keys || !jws) {
      return fail(ErrorCode::kInternal, "the issuer's keys could not be read");
    }
    const crypto::PublicKey& key = keys->set->keys().front().key;
    return cpu_us_of(part_seconds(), kVerified, [&] {
      for (size_t i = 0; i < kVerified; ++i) {
        CHECK(key.verify(crypto::SignatureAlgorithm::kEs256, jws->signing_input, jws->signature));
      }
    });
  }

  Status measure_scope() {
    TRY(access::Principal principal, caller_of(facts_.records.front(), 0));
    const auto practice = config::OrganisationKind::kGpPractice;
    const access::Scope scope = gate_.policy.compile(principal, practice);
    access::PlaceFacts place;
    place.related = access::only(access::RelationshipKind::kRegistration);
    add_ns_row("decide: one item", cpu_us_of(part_seconds(), kRepeats, [&] {
                 for (uint32_t i = 0; i < kRepeats; ++i) {
                   const auto type = static_cast<fhir::TypeNumber>(i % fhir::type_count());
                   keep(scope.decide(place, {.type = type, .label_class = 0}));
                 }
               }));
    add_ns_row("compile: a scope made before", cpu_us_of(part_seconds(), kRepeats, [&] {
                 for (uint32_t i = 0; i < kRepeats; ++i) {
                   keep(gate_.policy.compile(principal, practice));
                 }
               }));
    TRY(const double fresh_us, compile_fresh_us(principal));
    add_ns_row("compile: the first of its kind", fresh_us);
    return {};
  }

  // A policy just read holds no scope yet.
  Result<double> compile_fresh_us(const access::Principal& principal) {
    std::vector<double> us;
    for (size_t i = 0; i < kVerified; ++i) {
      TRY(const access::Policy policy, access::Policy::parse(gate_.policy.text(), kPolicyFile));
      const auto start = SteadyClock::now();
      keep(policy.compile(principal, config::OrganisationKind::kGpPractice));
      us.push_back(seconds_since(start) * 1e6);
    }
    return percentiles(us).p50;
  }

  double part_seconds() const { return std::min(1.0, stage_.options().seconds); }

  void add_us_row(const char* operation, double us, double floor_us) {
    Row row{.operation = operation};
    row.figure = us;
    row.unit = "us";
    row.better = Better::kLower;
    row.floor = floor_us;
    row.cpu_us = us;
    row.floor_cpu_us = floor_us;
    stage_.report().add(row);
  }

  void add_ns_row(const char* operation, double us) {
    Row row{.operation = operation};
    row.figure = us * 1e3;
    row.unit = "ns";
    row.better = Better::kLower;
    row.cpu_us = us;
    stage_.report().add(row);
  }

  Stage& stage_;
  const Facts& facts_;
  Gate& gate_;
  access::KeySetSource keys_;
  access::TokenVerifier tokens_;
  access::TokenVerifier forgetful_;
  http::ByteBudget budget_{uint64_t{1} << 30};
  crypto::Key page_token_key_{};
};

}  // namespace

Status bench_decide(Stage& stage) {
  TRY(const Facts* facts, stage.facts());
  TRY(auto gate, Gate::open(stage.place(), stage.cache_mb()));
  return Decisions(stage, *facts, *gate).run();
}

}  // namespace continuum::bench
