#include "api/api.h"

#include <atomic>
#include <thread>

#include "access/may_erase.h"
#include "api/answer.h"
#include "api/batch.h"
#include "api/capability_statement.h"
#include "api/content_type.h"
#include "api/errors.h"
#include "api/exchange.h"
#include "api/limits.h"
#include "api/metrics.h"
#include "api/rate_limit.h"
#include "api/router.h"
#include "http/compress.h"
#include "service/erase.h"

namespace continuum::api {
namespace {

using access::Disclosed;
using access::Door;
using access::OpenFact;
using SteadyClock = std::chrono::steady_clock;

constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kStatusType = "application/json";

http::Response unauthenticated() {
  http::Response response =
      problem(401, "send an access token for this server: Authorization: Bearer <token>");
  response.headers.add("WWW-Authenticate", "Bearer");
  return response;
}

http::Response text_response(int status, std::string_view type, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.add("Content-Type", type);
  response.body = std::move(body);
  return response;
}

// An answer that cannot be compressed is sent as it is.
void compress(const http::Request& request, http::Response& response) {
  auto accepted = request.headers.joined("Accept-Encoding");
  if (response.body.size() < kGzipBytesMin || accepted.empty() || !http::accepts_gzip(accepted)) {
    return;
  }
  if (auto zipped = http::gzip(response.body)) {
    response.body = std::move(*zipped);
    response.headers.add("Content-Encoding", http::kGzipCoding);
  }
}

access::Request to_ledger(const http::Request& request, const Route& route) {
  access::Request out{.interaction = std::string(name_of(route.interaction)),
                      .method = request.method,
                      .path = request.path,
                      .query = request.query,
                      .form = route.interaction == Interaction::kSearchForm ? request.body : "",
                      .fields = {}};
  for (std::string_view name : {"Accept", "Content-Type", "If-None-Match", "If-Modified-Since",
                                "If-Match", "If-None-Exist", "Prefer"}) {
    if (std::string value = request.headers.joined(name); !value.empty()) {
      out.fields.emplace_back(name, std::move(value));
    }
  }
  return out;
}

// SAFETY: how long it took to refuse must not tell that there was something to refuse. What shows
// nothing where something might be leaves on the next whole step of time since it came, so a
// look-up more or less does not show.
SteadyClock::time_point next_step(SteadyClock::time_point started) {
  auto took = SteadyClock::now() - started;
  return started + (took / kNothingShownStep + 1) * kNothingShownStep;
}

}  // namespace

struct Api::State {
  explicit State(ApiOptions given)
      : options(std::move(given)),
        base_path(path_of(options.region.base_url)),
        page_token_key(options.store.page_token_key()),
        metadata(
            capability_statement(options.region, options.software_version, to_fhir_instant(now()))),
        log(options.log),
        rate(options.region.limits.caller_requests) {}

  ~State() {
    if (erasing.joinable()) {
      erasing.join();
    }
  }

  Instant now() const {
    return options.clock != nullptr ? options.clock->now() : SystemClock().now();
  }
  // A request on its way to its answer, when the request itself is gone.
  struct Exit {
    SteadyClock::time_point started;
    std::string method;
    Interaction interaction = Interaction::kUnknown;
    http::Reply reply;
    std::string error = {};
  };
  void answer(const http::Request& request, const Route& route, Exit exit);
  void write(const http::Request& request, const Route& route, const access::Principal& principal,
             Exit exit);
  void erase(const http::Request& request, const Route& route, const access::Principal& principal,
             Exit exit);
  void answer_batch(const http::Request& request, const service::SentBundle& batch,
                    const access::Principal& principal, Exit exit);
  using Entries = std::vector<Result<http::Request>>;
  Result<Entries> reads_of(const http::Request& request,
                           const service::SentBundle& transaction) const;
  BatchAnswers::All answer_entries(Entries entries);
  void close(std::unique_ptr<access::Visit> visit, const Route& route, http::Response response,
             Exit exit, std::optional<SteadyClock::time_point> earliest = std::nullopt);
  void leave(Disclosed<http::Response> disclosed, Exit& exit,
             std::optional<SteadyClock::time_point> not_before = std::nullopt);
  void refuse_all(const Error& why, Exit& exit,
                  std::optional<SteadyClock::time_point> not_before = std::nullopt);
  http::Response answer_open(const http::Request& request, Interaction interaction);
  http::Response answer_known(const http::Request& request, const Route& route,
                              access::Visit& visit, std::string& error);
  std::string metrics_text();

  ApiOptions options;
  std::string base_path;
  crypto::Key page_token_key;
  std::string metadata;
  // One at a time.
  std::atomic<bool> is_erasing{false};
  std::thread erasing;
  Metrics metrics;
  RequestLog log;
  RateLimit rate;
  std::atomic<bool> ledger_fails{false};  // the last answer could not be written down
  std::function<http::Statistics()> statistics = [] { return http::Statistics(); };
  std::function<service::DiskNumbers()> disk;
};

// What is the same for everybody.
http::Response Api::State::answer_open(const http::Request& request, Interaction interaction) {
  if (interaction == Interaction::kHealth) {
    return text_response(200, kStatusType, R"({"status":"up"})");
  }
  if (interaction == Interaction::kReady) {
    if (!options.store.view()->sources()) {
      return text_response(503, kStatusType, R"({"status":"the store does not answer"})");
    }
    return ledger_fails
               ? text_response(503, kStatusType, R"({"status":"the ledger cannot be written"})")
               : text_response(200, kStatusType, R"({"status":"ready"})");
  }
  auto parameters = read_parameters(request, interaction);
  if (!parameters) {
    return error_response(parameters.error());
  }
  auto content_type = negotiate(request.headers, find(*parameters, "_format"));
  if (!content_type) {
    return problem(406, "answers are application/fhir+json, FHIR 4.0");
  }
  Status plain = read_plain(*parameters);
  return plain ? text_response(200, *content_type, metadata) : error_response(plain.error());
}

void Api::State::answer(const http::Request& request, const Route& route, Exit exit) {
  if (is_open(route.interaction) && allows(route.interaction, request.method)) {
    OpenFact fact =
        route.interaction == Interaction::kMetadata ? OpenFact::kCapabilities : OpenFact::kAlive;
    http::Response response = answer_open(request, route.interaction);
    compress(request, response);
    return leave(Door::tell_everybody(fact, std::move(response)), exit);
  }
  // SAFETY: before anything else, so that paths tell nothing to who may not ask.
  bool is_one = request.headers.count("Authorization") <= 1;
  auto principal = is_one ? options.authenticate(request.headers.find("Authorization").value_or(""))
                          : access::refuse(access::TokenFault::kNoToken);
  if (!principal) {
    metrics.count(principal.error());
    exit.error = access::to_string(principal.error());
    return leave(Door::tell_everybody(OpenFact::kNotSignedIn, unauthenticated()), exit);
  }
  if (!rate.admit(caller_key(*principal), exit.started)) {
    http::Response response = problem(429, "too many requests of this caller: slow down");
    response.headers.add("Retry-After", "1");
    return leave(Door::tell_everybody(OpenFact::kTooMany, std::move(response)), exit);
  }
  if (route.interaction == Interaction::kErase) {
    return erase(request, route, *principal, std::move(exit));
  }
  if (writes(route.interaction)) {
    return write(request, route, *principal, std::move(exit));
  }
  auto visit = options.door.enter(*principal, to_ledger(request, route));
  if (!visit) {
    return refuse_all(visit.error(), exit);
  }
  http::Response response = answer_known(request, route, **visit, exit.error);
  compress(request, response);
  close(std::move(*visit), route, std::move(response), std::move(exit));
}

// Others may write the same resource meanwhile: then it is looked at anew.
void Api::State::write(const http::Request& request, const Route& route,
                       const access::Principal& principal, Exit exit) {
  Result<service::SentBundle> sent;
  if (route.interaction == Interaction::kTransaction) {
    sent = service::read_sent_bundle(request.body);
    if (sent && sent->is_batch) {
      return answer_batch(request, *sent, principal, std::move(exit));
    }
  }
  for (unsigned attempt = 1;; ++attempt) {
    auto visit = options.door.enter(principal, to_ledger(request, route));
    if (!visit) {
      return refuse_all(visit.error(), exit);
    }
    auto refuse = [&](http::Response response) {
      (*visit)->show_nothing();
      close(std::move(*visit), route, std::move(response), std::move(exit));
    };
    auto understood = understand(request, route);
    if (!understood) {
      return refuse(std::move(understood.error()));
    }
    std::string caller = caller_key(principal);
    service::Context context{**visit, options.region, options.budget, page_token_key, caller};
    std::vector<fhir::Issue> issues;
    auto pending = prepare_write({request, route, understood->parameters, understood->content_type,
                                  context, &options.checkpoints},
                                 options.store, sent, issues);
    bool is_late = !pending && pending.error().code == ErrorCode::kBusy;
    if (is_late && attempt < kWriteAttemptsMax) {
      continue;
    }
    if (!pending) {
      exit.error = pending.error().text();
      return refuse(issues.empty() ? error_response(pending.error())
                                   : error_response(pending.error().code, issues));
    }
    auto reads = sent ? reads_of(request, *sent) : Result<Entries>(Entries());
    if (!reads) {
      exit.error = reads.error().text();
      return refuse(error_response(reads.error()));
    }
    std::optional<SteadyClock::time_point> not_before;
    auto disclosed = options.door.commit(
        std::move(*visit), static_cast<uint16_t>(pending->status), pending->write.items,
        pending->write.conditions, [&] {
          BatchAnswers::All read = answer_entries(std::move(*reads));
          not_before = read.not_before;
          for (size_t i = 0, next = 0; i < pending->reads.size() && !read.answers.empty(); ++i) {
            if (service::is_read(sent->entries[i])) {
              pending->reads[i] = std::move(read.answers[next++]);
            }
          }
          http::Response response = respond(*pending, options.region);
          if (!read.answers.empty()) {
            response.reservation = options.budget.charge(response.body.size());
          }
          return response;
        });
    if (disclosed) {
      ledger_fails = false;
      return leave(std::move(*disclosed), exit, not_before);
    }
    const bool is_busy = disclosed.error().code == ErrorCode::kBusy;
    if (disclosed.error().code != ErrorCode::kConflict && !is_busy) {
      return refuse_all(disclosed.error(), exit);
    }
    if (attempt == kWriteAttemptsMax || is_busy) {
      auto last = options.door.enter(principal, to_ledger(request, route));
      if (!last) {
        return refuse_all(last.error(), exit);
      }
      Error busy =
          is_busy ? disclosed.error() : Error{ErrorCode::kBusy, "others write the same: try again"};
      exit.error = busy.text();
      return close(std::move(*last), route, error_response(busy), std::move(exit));
    }
  }
}

// The store writes its certificate into the ledger with the erasure; who asked, and was told, is
// written down as for any request.
void Api::State::erase(const http::Request& request, const Route& route,
                       const access::Principal& principal, Exit exit) {
  auto visit = options.door.enter(principal, to_ledger(request, route));
  if (!visit) {
    return refuse_all(visit.error(), exit);
  }
  auto refuse = [&](http::Response response) {
    (*visit)->show_nothing();
    close(std::move(*visit), route, std::move(response), std::move(exit));
  };
  auto understood = understand(request, route);
  if (!understood) {
    return refuse(std::move(understood.error()));
  }
  auto asked = [&]() -> Result<service::EraseRequest> {
    TRY(read_plain(understood->parameters));
    // SAFETY: before the body is looked at.
    TRY(access::may_erase(principal, options.region));
    return service::read_erase_request(request.body);
  }();
  if (!asked) {
    exit.error = asked.error().text();
    return refuse(error_response(asked.error()));
  }
  // It may take minutes, and others' requests wait behind this one.
  if (is_erasing.exchange(true)) {
    return refuse(error_response({ErrorCode::kBusy, "an erasure is under way: try again later"}));
  }
  if (erasing.joinable()) {
    erasing.join();  // the last one's, which is done
  }
  struct Work {
    std::unique_ptr<access::Visit> visit;
    Route route;
    service::EraseRequest asked;
    std::string_view content_type;
    std::string caller;
    Exit exit;
  };
  auto work = std::make_shared<Work>(Work{std::move(*visit), route, std::move(*asked),
                                          understood->content_type, caller_key(principal),
                                          std::move(exit)});
  erasing = std::thread([this, work] {
    service::Context context{*work->visit, options.region, options.budget, page_token_key,
                             work->caller};
    auto erased = service::erase(context, options.store, work->route.id, work->asked, now());
    http::Response response;
    if (erased) {
      response = text_response(200, work->content_type, std::move(erased->body));
      response.reservation = std::move(erased->reservation);
    } else {
      work->exit.error = erased.error().text();
      response = error_response(erased.error());
      work->visit->show_nothing();
    }
    is_erasing = false;
    close(std::move(work->visit), work->route, std::move(response), std::move(work->exit));
  });
}

// Each entry has a visit and a receipt of its own. The batch has them too, for who sent it.
void Api::State::answer_batch(const http::Request& request, const service::SentBundle& batch,
                              const access::Principal& principal, Exit exit) {
  Route route;
  route.interaction = exit.interaction = Interaction::kBatch;
  BatchAnswers::All all;
  auto respond_to_all = [&]() -> http::Response {
    auto understood = understand(request, route);
    if (!understood) {
      return std::move(understood.error());
    }
    if (Status plain = read_plain(understood->parameters); !plain) {
      return error_response(plain.error());
    }
    if (batch.entries.size() > kBatchEntriesMax) {
      return error_response({ErrorCode::kTooLarge, "a batch has more than " +
                                                       std::to_string(kBatchEntriesMax) +
                                                       " entries: send it in several parts"});
    }
    Entries entries;
    for (const service::SentEntry& entry : batch.entries) {
      entries.push_back(request_of(entry, request, options.region.base_url));
    }
    all = answer_entries(std::move(entries));
    http::Response response =
        text_response(200, understood->content_type, batch_response(all.answers));
    response.reservation = options.budget.charge(response.body.size());
    compress(request, response);
    return response;
  };
  http::Response response = respond_to_all();
  auto visit = options.door.enter(principal, to_ledger(request, route));
  if (!visit) {
    return refuse_all(visit.error(), exit);
  }
  close(std::move(*visit), route, std::move(response), std::move(exit), all.not_before);
}

// The reads of a transaction, which must be requests that can be answered: once it is committed it
// can't be refused any more.
Result<Api::State::Entries> Api::State::reads_of(const http::Request& request,
                                                 const service::SentBundle& transaction) const {
  Entries reads;
  for (const service::SentEntry& entry : transaction.entries) {
    if (!service::is_read(entry)) {
      continue;
    }
    TRY(http::Request read, request_of(entry, request, options.region.base_url));
    Route route = find_route(base_path, read.path, read.method);
    auto understood = understand(read, route);
    if (!allows(route.interaction, read.method) || !understood ||
        !check_parameters(route, understood->parameters, options.region.limits)) {
      return fail(ErrorCode::kInvalid, "an entry asks for what can't be read",
                  {{entry.where + ".request.url",
                    "expected Type/id, or another URL below the base that can be read, with "
                    "parameters that it takes"}});
    }
    reads.push_back(std::move(read));
    if (reads.size() > kBatchEntriesMax) {
      return fail(ErrorCode::kTooLarge,
                  "a transaction has more than " + std::to_string(kBatchEntriesMax) + " reads",
                  {{entry.where, "send them in a batch, in several parts"}});
    }
  }
  return reads;
}

BatchAnswers::All Api::State::answer_entries(Entries entries) {
  BatchAnswers answers(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    http::Reply reply = answers.reply(i);
    auto& entry = entries[i];
    if (!entry) {
      reply.send(error_response(entry.error()));
      continue;
    }
    Route route = find_route(base_path, entry->path, entry->method);
    if (route.interaction == Interaction::kErase) {
      reply.send(error_response({ErrorCode::kInvalid, "$erase is asked for alone", {}}));
      continue;
    }
    answer(*entry, route,
           {.started = SteadyClock::now(),
            .method = entry->method,
            .interaction = route.interaction,
            .reply = std::move(reply)});
  }
  return answers.wait();
}

// Once it is written down, the answer leaves.
void Api::State::close(std::unique_ptr<access::Visit> visit, const Route& route,
                       http::Response response, Exit exit,
                       std::optional<SteadyClock::time_point> earliest) {
  bool is_refusal = response.status >= 400;
  bool hides_time = (tells_of_records(route.interaction) || is_refusal) && visit->shown() == 0;
  auto status = static_cast<uint16_t>(response.status);
  auto waiting = std::make_shared<Exit>(std::move(exit));
  options.door.close<http::Response>(
      std::move(visit), status, std::move(response),
      [this, waiting, hides_time, earliest](Result<Disclosed<http::Response>> disclosed) {
        auto not_before = hides_time ? std::optional(next_step(waiting->started)) : earliest;
        if (!disclosed) {
          return refuse_all(disclosed.error(), *waiting, not_before);
        }
        ledger_fails = false;
        leave(std::move(*disclosed), *waiting, not_before);
      });
}

// The only way from the API to the network.
void Api::State::leave(Disclosed<http::Response> disclosed, Exit& exit,
                       std::optional<SteadyClock::time_point> not_before) {
  auto receipt = disclosed.receipt();
  http::Response response = std::move(disclosed).value();
  if (receipt) {
    response.headers.set(kReceiptField, receipt->text());
  }
  response.headers.add("Vary", "Accept, Accept-Encoding, Authorization");
  auto now = SteadyClock::now();
  auto time = std::max(now, not_before.value_or(now)) - exit.started;
  metrics.count(exit.interaction, response.status, response.body.size(), time);
  log.write({.method = exit.method,
             .interaction = exit.interaction,
             .status = response.status,
             .bytes = response.body.size(),
             .time = time,
             .error = exit.error});
  exit.reply.send(std::move(response), not_before);
}

void Api::State::refuse_all(const Error& why, Exit& exit,
                            std::optional<SteadyClock::time_point> not_before) {
  exit.error = why.text();
  ledger_fails = true;
  metrics.count_ledger_failure();
  leave(Door::tell_everybody(
            OpenFact::kLedgerFails,
            problem(503, "the ledger cannot be written, so nothing can be shown: try again later")),
        exit, not_before);
}

http::Response Api::State::answer_known(const http::Request& request, const Route& route,
                                        access::Visit& visit, std::string& error) {
  bool is_operator = visit.principal().kind == access::PrincipalKind::kOperator;
  if (route.interaction == Interaction::kMetrics && is_operator &&
      allows(route.interaction, request.method)) {
    return text_response(200, kMetricsType, metrics_text());
  }
  http::Response response = answer_as(request, route, visit, options.region, options.budget,
                                      page_token_key, &options.checkpoints, &error);
  // That something was deleted is told on purpose.
  if (response.status >= 400 && response.status != 410) {
    visit.show_nothing();
  }
  return response;
}

std::string Api::State::metrics_text() {
  auto view = options.store.view();
  auto ledger = view->ledger();
  if (disk) {
    metrics.tell(disk());
  }
  return metrics.text(
      statistics(), view->stable_t(), ledger ? ledger->size() : 0,
      static_cast<uint64_t>(std::max<int64_t>(0, options.checkpoints.age_seconds())));
}

Api::Api(ApiOptions options) : state_(std::make_unique<State>(std::move(options))) {}
Api::~Api() = default;

http::Response Api::server_error(int status, std::string_view reason) {
  return Door::tell_everybody(OpenFact::kNotUnderstood, problem(status, reason)).value();
}

void Api::watch(std::function<http::Statistics()> statistics) {
  state_->statistics = std::move(statistics);
}

void Api::watch_disk(std::function<service::DiskNumbers()> disk) {
  state_->disk = std::move(disk);
}

void Api::handle(const http::Request& request, http::Reply reply) {
  Route route = find_route(state_->base_path, request.path, request.method);
  state_->answer(request, route,
                 {.started = SteadyClock::now(),
                  .method = request.method,
                  .interaction = route.interaction,
                  .reply = std::move(reply)});
}

}  // namespace continuum::api
