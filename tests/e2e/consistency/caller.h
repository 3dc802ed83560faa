// One client of the server: asks, and reads what an answer says of resources.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/receipt.h"
#include "base/result.h"
#include "http/client.h"
#include "json/document.h"
#include "tests/e2e/consistency/history.h"
#include "tests/e2e/consistency/server.h"

namespace continuum::consistency {

// Of the clock of all histories.
Nanos now();

struct Question {
  std::string method = "GET";
  std::string path = {};  // below the base
  std::string body = {};
  std::optional<uint32_t> if_match = {};
};

struct Answer {
  Nanos begin = 0;
  Nanos end = 0;
  std::optional<http::Response> response;  // nothing: it may have been heard, or not
  std::optional<Error> failure;            // why not

  // The connection ended, as it does when the server is killed.
  bool was_cut() const { return failure && failure->code == ErrorCode::kUnavailable; }
};

// What the server gave a receipt for.
struct Receipted {
  access::Receipt receipt;
  uint16_t status = 0;
  std::string method;  // of HTTP
};

// One thread at a time.
class Caller {
 public:
  Caller(const Server& server, std::string token) : server_(&server), token_(std::move(token)) {}

  // Nothing: nobody listens, and nothing was sent.
  std::optional<Answer> ask(const Question& question);

  const std::vector<Receipted>& receipts() const { return receipts_; }
  // Answers that lacked a receipt and had to have one.
  uint64_t without_receipt() const { return without_receipt_; }

 private:
  void note_receipt(const Question& question, const http::Response& response);

  const Server* server_;
  std::string token_;
  std::optional<http::Client> client_;
  std::vector<Receipted> receipts_;
  uint64_t without_receipt_ = 0;
};

// --- what answers say ---------------------------------------------------------------------------

// The version that an ETag names; 0: none.
uint32_t version_of_tag(std::string_view tag);
// How a resource carries its marker.
std::string marker_text(uint64_t marker);

struct Shown {
  std::string path;  // "Observation/[id]"
  Version version;
};
// One resource as it stands in an answer. Errors: it has no version, or no marker.
Result<Shown> shown(const json::Node& resource);
Result<Shown> shown_in(const std::string& body);
// Of a record: all Patients and Observations.
Result<std::vector<Shown>> shown_in_record(const std::string& body);
// Of a history, the oldest first. kTooLarge: it has more pages.
Result<std::vector<Version>> shown_in_history(const std::string& body);

// One entry of a transaction's answer.
struct Done {
  uint32_t version = 0;
  std::string path;  // empty for a delete
};
Result<std::vector<Done>> done_by_transaction(const std::string& body);

}  // namespace continuum::consistency
