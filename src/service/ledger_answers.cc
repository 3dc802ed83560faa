#include "service/ledger_answers.h"

#include <fmt/format.h>

#include <charconv>

#include "base/bytes.h"
#include "json/writer.h"
#include "ledger/tile_path.h"

namespace continuum::service {
namespace {

tl::unexpected<Error> no_such_request() {
  return fail(
      ErrorCode::kNotFound, "no checkpoint covers a request of that receipt",
      {{"receipt", "of a new one ask again in " + std::to_string(kCheckpointSeconds) + " s"}});
}

void put_path(const std::vector<ledger::Hash>& path, std::string& out) {
  out += R"("path":[)";
  for (const ledger::Hash& hash : path) {
    out += out.back() == '[' ? "\"" : ",\"";
    out += to_base64(crypto::view(hash)) + '"';
  }
  out += ']';
}

Result<uint64_t> read_size(std::string_view name, std::string_view text) {
  uint64_t size = 0;
  auto end = std::from_chars(text.data(), text.data() + text.size(), size);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size()) {
    return fail(ErrorCode::kInvalid, "a size of the ledger is wanted",
                {{std::string(name), "a whole number"}});
  }
  return size;
}

}  // namespace

Result<std::string> inclusion_proof(const ledger::Reader& ledger, const access::Receipt& receipt,
                                    std::string_view note) {
  TRY(auto parsed, ledger::parse_note(note));
  uint64_t size = parsed.checkpoint.size;
  if (receipt.number >= size) {
    return no_such_request();
  }
  TRY(std::string bytes, ledger.entry(receipt.number));
  TRY(auto entry, ledger::decode_entry(bytes));
  const auto* request = std::get_if<ledger::RequestEntry>(&entry);
  if (request == nullptr || request->id != receipt.id) {
    return no_such_request();
  }
  TRY(auto path, ledger::inclusion_path(ledger, receipt.number, size));
  std::string out = fmt::format(
      R"({{"receipt":"{}","number":{},"leaf":"{}","checkpoint":{},)", receipt.text(),
      receipt.number, to_base64(crypto::view(ledger::leaf_hash(bytes))), json::quoted(note));
  put_path(path, out);
  return out + '}';
}

Result<std::string> inclusion_proof(Checkpoints& checkpoints, std::string_view receipt_text) {
  auto receipt = access::Receipt::parse(receipt_text);
  if (!receipt) {
    return fail(ErrorCode::kInvalid, "not a receipt",
                {{"receipt", "the value of an X-Receipt field: NUMBER-32 HEXADECIMAL DIGITS"}});
  }
  // First the checkpoint: what it covers is durable, and so it is in the view of any later moment.
  TRY(std::string note, checkpoints.current());
  auto view = checkpoints.view();
  TRY(auto ledger, view->ledger());
  return inclusion_proof(ledger, *receipt, note);
}

Result<std::string> consistency_proof(access::Visit& visit, std::string_view from_text,
                                      std::string_view to_text) {
  TRY(uint64_t from, read_size("from", from_text));
  TRY(uint64_t to, read_size("to", to_text));
  TRY(auto ledger, visit.whole_view().ledger());
  if (from == 0 || from > to || to > ledger.size()) {
    return fail(ErrorCode::kInvalid, "there is no proof between those sizes",
                {{"from", fmt::format("1 to {}, not over 'to'", ledger.size())}});
  }
  TRY(auto path, ledger::consistency_path(ledger, from, to));
  std::string out = fmt::format(R"({{"from":{},"to":{},)", from, to);
  put_path(path, out);
  return out + '}';
}

Result<std::string> hash_tile(access::Visit& visit, std::string_view path) {
  auto name = ledger::parse_tile_path(path);
  auto absent = [] { return fail(ErrorCode::kNotFound, "the ledger has no such tile"); };
  if (!name || !name->level) {
    return absent();
  }
  TRY(auto ledger, visit.whole_view().ledger());
  auto tile = ledger.tile(*name->level, name->n);
  if (!tile) {
    return tile.error().code == ErrorCode::kNotFound ? absent() : fail(tile.error());
  }
  size_t wanted = name->width * sizeof(ledger::Hash);
  return tile->size() < wanted ? Result<std::string>(absent()) : tile->substr(0, wanted);
}

}  // namespace continuum::service
