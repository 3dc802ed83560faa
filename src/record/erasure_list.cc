#include "record/erasure_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/aead.h"
#include "json/document.h"
#include "json/writer.h"
#include "record/limits.h"

namespace continuum::record {
namespace {

constexpr uint64_t kFileBytesMax = uint64_t{1} << 30;
constexpr size_t kPatientSize = 16;
constexpr std::string_view kCheckStart = ",\"check\":\"";
constexpr std::string_view kLineEnd = "\"}\n";

std::string reason_context(Ord ord) {
  std::string context = "continuum erasure reason";
  put_u64(context, ord.value());
  return context;
}

std::string ord_text(Ord ord) {
  return fmt::format("{:012x}", ord.value());
}

// Without its check and its end.
std::string start_of_line(const Erasure& erasure) {
  return fmt::format(
      R"({{"certificate":{},"instant":"{}","ord":"{}","patient":"{}","by":{},"reason":"{}")",
      erasure.certificate, to_fhir_instant(erasure.instant), ord_text(erasure.ord),
      to_hex(erasure.patient), json::quoted(erasure.by), to_base64(erasure.reason));
}

Result<Erasure> decode_line(std::string_view line) {
  json::Document document;
  TRY(document.parse(line));
  const json::Node& root = *document.root();
  Erasure erasure;
  const json::Node* number = root.find("certificate");
  std::string_view digits = number != nullptr ? number->text : std::string_view();
  std::from_chars(digits.data(), digits.data() + digits.size(), erasure.certificate);
  TRY(erasure.instant, parse_fhir_instant(root.string("instant")));
  TRY(std::string ord, from_hex(root.string("ord")));
  TRY(uint64_t value, ByteReader(ord).u48());
  erasure.ord = Ord::from_value(value);
  TRY(erasure.patient, from_hex(root.string("patient")));
  erasure.by = root.string("by");
  TRY(erasure.reason, from_base64(root.string("reason")));
  return erasure;
}

}  // namespace

Result<ErasureList> ErasureList::open(FileSystem& files, const std::string& path,
                                      const crypto::Key& key) {
  ErasureList list(files, path, key);
  if (files.exists(path)) {
    TRY(list.text_, read_file(files, path, kFileBytesMax));
    TRY(list.read(list.text_));
  }
  return list;
}

// Over the line up to its check, and the check of the line before.
std::string ErasureList::check_of(std::string_view line) const {
  std::string bytes = last_check_;
  bytes += line;
  return to_hex(crypto::view(crypto::Hmac(key_)(bytes)));
}

Status ErasureList::read(std::string_view text) {
  while (!text.empty()) {
    auto corrupt = [this] {
      return fail(ErrorCode::kCorrupt, "the erasure list is not as it was written",
                  {{path_ + ":" + std::to_string(erasures_.size() + 1),
                    "bring back the list of this region and key store"}});
    };
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end == std::string_view::npos ? end : end + 1);
    size_t check_at = line.rfind(kCheckStart);
    if (check_at == std::string_view::npos) {
      return corrupt();
    }
    std::string check = check_of(line.substr(0, check_at));
    if (!crypto::equal_in_constant_time(line.substr(check_at),
                                        fmt::format("{}{}{}", kCheckStart, check, kLineEnd))) {
      return corrupt();
    }
    auto erasure = decode_line(line);
    if (!erasure || erasure->certificate != next_certificate()) {
      return corrupt();
    }
    last_check_ = std::move(check);
    erasures_.push_back(std::move(*erasure));
    text.remove_prefix(line.size());
  }
  return {};
}

bool ErasureList::contains(Ord ord) const {
  return std::any_of(erasures_.begin(), erasures_.end(),
                     [ord](const Erasure& erasure) { return erasure.ord == ord; });
}

Status ErasureList::append(Erasure erasure) {
  CHECK(erasure.certificate == next_certificate());
  if (erasures_.size() >= kErasuresMax) {
    return fail(ErrorCode::kTooLarge, "the erasure list is as long as it can be");
  }
  // As it will be read again.
  erasure.instant.micros -= erasure.instant.micros % 1000;
  std::string line = start_of_line(erasure);
  std::string check = check_of(line);
  line += fmt::format("{}{}{}", kCheckStart, check, kLineEnd);
  TRY(replace_file(*files_, path_, text_ + line));
  text_ += line;
  last_check_ = std::move(check);
  erasures_.push_back(std::move(erasure));
  return {};
}

std::string erased_patient(const crypto::Key& key, const IdHash& patient) {
  std::string message = "continuum erased patient";
  message += view(patient);
  return std::string(crypto::view(crypto::Hmac(key)(message)).substr(0, kPatientSize));
}

std::string seal_reason(const crypto::Key& audit_key, Ord ord, std::string_view reason) {
  std::string sealed;
  crypto::thread_aead().seal(audit_key, reason_context(ord), reason, sealed);
  return sealed;
}

Result<std::string> open_reason(const crypto::Key& audit_key, Ord ord, std::string_view sealed) {
  std::string reason;
  TRY(crypto::thread_aead().open(audit_key, reason_context(ord), sealed, reason));
  return reason;
}

}  // namespace continuum::record
