// A batch (http://hl7.org/fhir/R4/http.html#transaction): each entry is a request of its own, let
// in, decided, written down and answered as if it had come alone.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "http/reply.h"
#include "service/transaction.h"

namespace continuum::api {

// The request of one entry: below the FHIR base, with the caller and the wishes (Accept, Prefer) of
// `batch`. Writes return no body unless the batch prefers it. kInvalid, kUnsupported: what the
// entry says is none; the error names it.
Result<http::Request> request_of(const service::SentEntry& entry, const http::Request& batch,
                                 std::string_view base_url);

// Where the answers of the entries come in. Thread-safe.
class BatchAnswers {
 public:
  explicit BatchAnswers(size_t count) : answers_(count), missing_(count) {}

  // Takes the answer of that entry, once. It must outlive the reply.
  http::Reply reply(size_t index);

  struct All {
    std::vector<http::Response> answers;  // in the order of entries
    // None of them may leave sooner.
    std::optional<http::Reply::Time> not_before;
  };
  // Waits until all are there. Once.
  All wait();

 private:
  std::mutex mutex_;
  std::condition_variable all_there_;
  std::vector<http::Response> answers_;
  size_t missing_;
  std::optional<http::Reply::Time> not_before_;
};

// Appends the answer to an entry, as an entry.
void append_answer(std::string& out, const http::Response& answer);
// A Bundle of type batch-response. The answers are taken apart.
std::string batch_response(std::vector<http::Response>& answers);

}  // namespace continuum::api
