#include "tests/e2e/consistency/clients.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "tests/e2e/consistency/limits.h"

namespace continuum::consistency {
namespace {

std::string id_member(std::string_view path) {
  return path.empty() ? std::string()
                      : fmt::format(R"("id":"{}",)", path.substr(path.find('/') + 1));
}

// `path`: of an update; empty for a new one.
std::string patient_text(std::string_view path, uint64_t marker) {
  return fmt::format(
      R"({{"resourceType":"Patient",{}"name":[{{"family":"{}"}}],"birthDate":"1980-01-31"}})",
      id_member(path), marker_text(marker));
}

std::string observation_text(std::string_view path, std::string_view patient, uint64_t marker) {
  return fmt::format(
      R"({{"resourceType":"Observation",{}"status":"final","code":{{"text":"marker"}},)"
      R"("subject":{{"reference":"{}"}},"valueString":"{}"}})",
      id_member(path), patient, marker_text(marker));
}

// What the server's answer comes to; nothing when it is none that a write may have.
std::optional<Outcome> outcome_of(int status) {
  switch (status) {
    case 200:
    case 201:
    case 204:
      return Outcome::kDone;
    case 410:
      return Outcome::kGone;
    case 412:
      return Outcome::kUnmatched;
    case 503:
      return Outcome::kBusy;
    default:
      return std::nullopt;
  }
}

void raise(std::atomic<uint32_t>& newest, uint32_t version) {
  uint32_t before = newest.load();
  while (before < version && !newest.compare_exchange_weak(before, version)) {
  }
}

}  // namespace

void Client::add_problem(std::string text) {
  if (log_.problems.size() < kProblemsMax) {
    log_.problems.push_back(std::move(text));
  }
}

void Client::pause() {
  std::this_thread::sleep_for(kConnectPause);
}

Slot& Client::any_observation() {
  Slot* slot = &any_slot();
  while (slot->is_patient()) {
    slot = &any_slot();
  }
  return *slot;
}

// Now and then one that was replaced long ago.
std::optional<uint32_t> Client::condition(const Slot& slot, Match match) {
  if (match == Match::kAny) {
    return std::nullopt;
  }
  const uint32_t newest = slot.newest.load();
  const bool is_old = random_.below(8) == 0;
  return is_old ? static_cast<uint32_t>(1 + random_.below(newest)) : newest;
}

// --- writing ------------------------------------------------------------------------------------

void Client::write_on() {
  while (!field_.is_over.load()) {
    write_once();
  }
}

void Client::write_once() {
  const uint64_t die = random_.below(100);
  if (die < 20) {
    put(any_slot(), Match::kAny);
  } else if (die < 40) {
    put(any_slot(), Match::kNewest);
  } else if (die < 50) {
    patch(any_slot(), Match::kAny);
  } else if (die < 58) {
    patch(any_slot(), Match::kNewest);
  } else if (die < 64) {
    remove(any_observation(), Match::kAny);
  } else if (die < 68) {
    remove(any_observation(), Match::kNewest);
  } else if (die < 78) {
    create_and_remove();
  } else {
    transact();
  }
}

void Client::put(Slot& slot, Match match) {
  const uint64_t marker = field_.new_marker();
  const Slot& patient = *system_.patients[0];
  std::string_view subject = patient.path;
  for (const Slot* each : system_.patients) {
    subject = each->resource == slot.patient ? std::string_view(each->path) : subject;
  }
  change("put",
         {"PUT", slot.path,
          slot.is_patient() ? patient_text(slot.path, marker)
                            : observation_text(slot.path, subject, marker),
          condition(slot, match)},
         slot, marker);
}

void Client::patch(Slot& slot, Match match) {
  const uint64_t marker = field_.new_marker();
  change("patch",
         {"PATCH", slot.path,
          fmt::format(R"([{{"op":"replace","path":"{}","value":"{}"}}])",
                      slot.is_patient() ? "/name/0/family" : "/valueString", marker_text(marker)),
          condition(slot, match)},
         slot, marker);
}

void Client::remove(Slot& slot, Match match) {
  change("delete", {"DELETE", slot.path, {}, condition(slot, match)}, slot, 0);
}

void Client::change(const char* what, const Question& question, Slot& slot, uint64_t marker) {
  Request request;
  request.changes.push_back({slot.resource, marker, question.if_match});
  const auto response = send(what, question, request);
  if (!response) {
    return;
  }
  Change& done = log_.requests.back().changes[0];
  done.version = version_of_tag(response->headers.find("ETag").value_or(""));
  raise(slot.newest, done.version);
}

std::optional<http::Response> Client::send(const char* what, const Question& question,
                                           Request& request) {
  auto answer = caller_.ask(question);
  if (!answer) {
    pause();
    return std::nullopt;
  }
  request.begin = answer->begin;
  request.end = answer->end;
  if (answer->response) {
    const int status = answer->response->status;
    const auto outcome = outcome_of(status);
    ++log_.counts[fmt::format("{} {}", what, status)];
    if (!outcome) {
      add_problem(fmt::format("{} answered {}", what, status));
    }
    request.outcome = outcome.value_or(Outcome::kUnknown);
  } else {
    note_failure(what, *answer);
  }
  log_.requests.push_back(std::move(request));
  return log_.requests.back().outcome == Outcome::kDone ? std::move(answer->response)
                                                        : std::nullopt;
}

void Client::note_failure(const char* what, const Answer& answer) {
  ++log_.counts[fmt::format("{} without answer", what)];
  if (!answer.was_cut()) {
    add_problem(fmt::format("{}: {}", what, answer.failure->text()));
  }
}

std::string Client::create(const Slot* patient, uint32_t resource) {
  const uint64_t marker = field_.new_marker();
  const Question question =
      patient == nullptr
          ? Question{"POST", "Patient", patient_text({}, marker)}
          : Question{"POST", "Observation", observation_text({}, patient->path, marker)};
  Request request;
  request.changes.push_back({resource, marker});
  Creation creation{
      system_number_, resource, patient == nullptr ? resource : patient->resource, marker, {}};
  if (auto response = send("post", question, request)) {
    auto made = shown_in(response->body);
    if (made) {
      creation.path = made->path;
      log_.requests.back().changes[0].version =
          version_of_tag(response->headers.find("ETag").value_or(""));
    } else {
      add_problem("post: " + made.error().text());
    }
  }
  log_.creations.push_back(creation);
  return creation.path;
}

void Client::create_and_remove() {
  const Slot& patient = *system_.patients[random_.below(system_.patients.size())];
  Slot made;
  made.resource = field_.new_resource();
  made.patient = patient.resource;
  made.path = create(&patient, made.resource);
  if (!made.path.empty() && random_.below(4) != 0) {
    remove(made, Match::kAny);
  }
}

// Of one patient, or of two.
std::vector<Slot*> Client::some_slots() {
  const uint64_t first = random_.below(system_.patients.size());
  const uint64_t second = random_.below(4) == 0 ? random_.below(system_.patients.size()) : first;
  std::vector<Slot*> slots;
  for (Slot& slot : system_.slots) {
    if (slot.patient == system_.patients[first]->resource ||
        slot.patient == system_.patients[second]->resource) {
      slots.push_back(&slot);
    }
  }
  const auto count = static_cast<size_t>(random_.between(
      static_cast<int64_t>(kTransactionChangesMin), static_cast<int64_t>(kTransactionChangesMax)));
  for (size_t i = 0; i < std::min(count, slots.size()); ++i) {
    std::swap(slots[i], slots[i + random_.below(slots.size() - i)]);
  }
  slots.resize(std::min(count, slots.size()));
  return slots;
}

void Client::add_entry(Slot& slot, uint64_t marker, Request& request, std::string& entries) {
  const bool is_deletion = !slot.is_patient() && random_.below(12) == 0;
  const auto if_match = condition(slot, random_.below(8) == 0 ? Match::kNewest : Match::kAny);
  std::string_view subject;
  for (const Slot* each : system_.patients) {
    subject = each->resource == slot.patient ? std::string_view(each->path) : subject;
  }
  entries += entries.empty() ? "{" : ",{";
  if (!is_deletion) {
    entries += fmt::format(R"("resource":{},)", slot.is_patient()
                                                    ? patient_text(slot.path, marker)
                                                    : observation_text(slot.path, subject, marker));
  }
  entries += fmt::format(R"("request":{{"method":"{}","url":"{}")", is_deletion ? "DELETE" : "PUT",
                         slot.path);
  if (if_match) {
    entries += fmt::format(R"(,"ifMatch":"W/\"{}\"")", *if_match);
  }
  entries += "}}";
  request.changes.push_back({slot.resource, is_deletion ? 0 : marker, if_match});
}

void Client::add_creation(const Slot& patient, uint64_t marker, Request& request,
                          std::string& entries) {
  const uint32_t resource = field_.new_resource();
  entries += fmt::format(R"(,{{"resource":{},"request":{{"method":"POST","url":"Observation"}}}})",
                         observation_text({}, patient.path, marker));
  request.changes.push_back({resource, marker});
  log_.creations.push_back({system_number_, resource, patient.resource, marker, {}});
}

void Client::transact() {
  const uint64_t marker = field_.new_marker();
  const std::vector<Slot*> slots = some_slots();
  Request request;
  std::string entries;
  for (Slot* slot : slots) {
    add_entry(*slot, marker, request, entries);
  }
  const bool creates = random_.below(4) == 0;
  if (creates) {
    add_creation(*system_.patients[random_.below(system_.patients.size())], marker, request,
                 entries);
  }
  const auto response = send(
      "transaction",
      {"POST", "",
       fmt::format(R"({{"resourceType":"Bundle","type":"transaction","entry":[{}]}})", entries)},
      request);
  if (!response) {
    return;
  }
  const auto done = done_by_transaction(response->body);
  Request& noted = log_.requests.back();
  if (!done || done->size() != noted.changes.size()) {
    add_problem("transaction: " + (done ? "answers other entries" : done.error().text()));
    return;
  }
  for (size_t i = 0; i < done->size(); ++i) {
    noted.changes[i].version = (*done)[i].version;
    if (i < slots.size()) {
      raise(slots[i]->newest, (*done)[i].version);
    }
  }
  if (creates) {
    log_.creations.back().path = done->back().path;
  }
}

// --- reading ------------------------------------------------------------------------------------

void Client::read_on() {
  while (!field_.is_over.load()) {
    const uint64_t die = random_.below(100);
    if (die < 40) {
      read_newest(any_slot());
    } else if (die < 55) {
      read_version(any_slot());
    } else if (die < 65) {
      read_history(any_slot());
    } else {
      read_record(*system_.patients[random_.below(system_.patients.size())]);
    }
  }
}

bool Client::is(int status, const char* what, const std::optional<Answer>& answer) {
  if (!answer) {
    pause();
    return false;
  }
  if (!answer->response) {
    note_failure(what, *answer);
    return false;
  }
  ++log_.counts[fmt::format("{} {}", what, answer->response->status)];
  const int came = answer->response->status;
  if (came != status && came != 503) {
    add_problem(fmt::format("{} answered {}", what, came));
  }
  return came == status;
}

void Client::read_newest(const Slot& slot) {
  const auto answer = caller_.ask({"GET", slot.path});
  const bool is_gone = answer && answer->response && answer->response->status == 410;
  if (!is(is_gone ? 410 : 200, "read", answer)) {
    return;
  }
  Read read{answer->begin, answer->end, Read::What::kGone, slot.resource, {}};
  if (!is_gone) {
    const auto seen = shown_in(answer->response->body);
    if (!seen || seen->path != slot.path ||
        seen->version.number !=
            version_of_tag(answer->response->headers.find("ETag").value_or(""))) {
      add_problem("read: " + (seen ? "shows another resource" : seen.error().text()));
      return;
    }
    read.what = Read::What::kNewest;
    read.version = seen->version;
  }
  log_.reads.push_back(read);
}

void Client::read_version(const Slot& slot) {
  const auto number = static_cast<uint32_t>(1 + random_.below(slot.newest.load()));
  const auto answer = caller_.ask({"GET", fmt::format("{}/_history/{}", slot.path, number)});
  const int status = answer && answer->response ? answer->response->status : 0;
  if (!is(status == 410 || status == 404 ? status : 200, "vread", answer)) {
    return;
  }
  Read read{answer->begin, answer->end, Read::What::kVersion, slot.resource, {number, 0}};
  if (status == 404) {
    read.what = Read::What::kMissing;
  } else if (status == 200) {
    const auto seen = shown_in(answer->response->body);
    if (!seen || seen->path != slot.path || seen->version.number != number) {
      add_problem("vread: " + (seen ? "shows another version" : seen.error().text()));
      return;
    }
    read.version = seen->version;
  }
  log_.reads.push_back(read);
}

void Client::read_history(const Slot& slot) {
  const auto answer =
      caller_.ask({"GET", fmt::format("{}/_history?_count={}", slot.path, kPageMax)});
  if (!is(200, "history", answer)) {
    return;
  }
  auto versions = shown_in_history(answer->response->body);
  if (!versions) {
    add_problem("history: " + versions.error().text());
    return;
  }
  log_.history_reads.push_back({answer->begin, answer->end, slot.resource, std::move(*versions)});
}

void Client::read_record(const Slot& patient) {
  const auto answer = caller_.ask({"GET", patient.path + "/$everything"});
  if (!is(200, "everything", answer)) {
    return;
  }
  auto seen = shown_in_record(answer->response->body);
  if (!seen) {
    add_problem("everything: " + seen.error().text());
    return;
  }
  log_.records.push_back({answer->begin, answer->end, patient.resource, std::move(*seen)});
}

}  // namespace continuum::consistency
