#include "record/backup_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/bytes.h"
#include "base/check.h"
#include "record/limits.h"

namespace continuum::record {
namespace {

constexpr std::string_view kTitle = "continuum backup ";
constexpr uint32_t kBackupFormat = 1;
constexpr std::string_view kSealsBackups = "continuum backup";
constexpr std::string_view kMarksKeys = "continuum backup key mark";
constexpr size_t kMarkSize = 16;
constexpr int64_t kMicrosPerSecond = 1'000'000;
// "digest 64\nseal 64\n"
constexpr size_t kDigits = 64;
constexpr std::string_view kDigestWord = "digest ";
constexpr std::string_view kSealWord = "seal ";
constexpr size_t kEndSize = kDigestWord.size() + kDigits + 1 + kSealWord.size() + kDigits + 1;

tl::unexpected<Error> damaged(std::string what) {
  return fail(ErrorCode::kCorrupt, "a moment of the backup is not as it was written",
              {{"", std::move(what)}});
}

bool is_name(std::string_view text) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '+';
  };
  return !text.empty() && text.size() <= kBackupNameMax && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), allowed);
}

std::string hex_of(const FileStart& start) {
  return to_hex({start.data(), start.size()});
}

// All that digest and seal are of.
std::string body_of(const BackupMoment& moment) {
  std::string out = fmt::format(
      "{}{}\nmoment {}\ninstant {}\nprogram {}\nformat {}\nt {}\nledger {} {}\nkeys {}\nfiles {}\n",
      kTitle, kBackupFormat, moment.number, to_fhir_instant(moment.instant), moment.program,
      moment.facts.format, moment.facts.t, moment.facts.ledger_size,
      to_hex(crypto::view(moment.facts.ledger_root)), to_hex(moment.key_mark), moment.files.size());
  for (const BackupFile& file : moment.files) {
    out += fmt::format("file {} {} {} {}\n", to_hex(crypto::view(file.digest)), file.size,
                       hex_of(file.start), file.name);
  }
  return out;
}

std::string end_of(const crypto::Digest& digest, const crypto::Digest& seal) {
  return fmt::format("{}{}\n{}{}\n", kDigestWord, to_hex(crypto::view(digest)), kSealWord,
                     to_hex(crypto::view(seal)));
}

// Takes words and numbers from the front; the first that is not there leaves it not ok().
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  // The word a line starts with.
  void expect(std::string_view word) {
    if (!rest_.starts_with(word)) {
      ok_ = false;
      return;
    }
    rest_.remove_prefix(word.size());
  }
  // Up to `end`, which goes too.
  std::string_view text(char end) {
    size_t size = rest_.find(end);
    if (!ok_ || size == std::string_view::npos) {
      ok_ = false;
      return {};
    }
    std::string_view found = rest_.substr(0, size);
    rest_.remove_prefix(size + 1);
    return found;
  }
  uint64_t number(char end) {
    std::string_view digits = text(end);
    uint64_t value = 0;
    auto [at, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    ok_ = ok_ && error == std::errc() && at == digits.data() + digits.size();
    return value;
  }
  template <typename Bytes>
  void bytes(char end, Bytes& out) {
    auto found = from_hex(text(end));
    if (!found || found->size() != out.size()) {
      ok_ = false;
      return;
    }
    std::copy(found->begin(), found->end(), out.begin());
  }
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  void refuse() { ok_ = false; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::optional<BackupMoment> parse(std::string_view body) {
  Lines lines(body);
  BackupMoment moment;
  lines.text('\n');  // the title
  lines.expect("moment ");
  moment.number = lines.number('\n');
  lines.expect("instant ");
  auto instant = parse_fhir_instant(lines.text('\n'));
  moment.instant = instant.value_or(Instant());
  lines.expect("program ");
  moment.program = lines.text('\n');
  lines.expect("format ");
  uint64_t format = lines.number('\n');
  moment.facts.format = static_cast<uint32_t>(format);
  lines.expect("t ");
  moment.facts.t = lines.number('\n');
  lines.expect("ledger ");
  moment.facts.ledger_size = lines.number(' ');
  lines.bytes('\n', moment.facts.ledger_root);
  lines.expect("keys ");
  moment.key_mark.resize(kMarkSize);
  lines.bytes('\n', moment.key_mark);
  lines.expect("files ");
  uint64_t count = lines.number('\n');
  if (count > kManifestFilesMax) {
    return std::nullopt;
  }
  for (uint64_t i = 0; i < count && lines.ok(); ++i) {
    BackupFile& file = moment.files.emplace_back();
    lines.expect("file ");
    lines.bytes(' ', file.digest);
    file.size = lines.number(' ');
    lines.bytes(' ', file.start);
    file.name = lines.text('\n');
    bool follows = i == 0 || moment.files[i - 1].name < file.name;
    if (!follows || !is_name(file.name)) {
      lines.refuse();
    }
  }
  if (!lines.ok() || !lines.at_end() || !instant || !is_name(moment.program)) {
    return std::nullopt;
  }
  return moment;
}

}  // namespace

FileStart file_start(std::string_view first_bytes) {
  FileStart start{};
  crypto::Digest digest = crypto::sha256(first_bytes.substr(0, kFileStartBytes));
  std::copy_n(digest.begin(), start.size(), start.begin());
  return start;
}

std::string BackupMoment::name() const {
  std::string text = to_fhir_instant(instant);
  text.resize(text.find('.'));
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return fmt::format("{}-{}Z", number, text);
}

uint64_t BackupMoment::bytes() const {
  uint64_t sum = 0;
  for (const BackupFile& file : files) {
    sum += file.size;
  }
  return sum;
}

BackupKey::BackupKey(const crypto::Key& file_key)
    : key_(crypto::derive_key(file_key, kSealsBackups)) {
  crypto::Digest mark = crypto::Hmac(crypto::derive_key(file_key, kMarksKeys))("");
  mark_ = crypto::view(mark).substr(0, kMarkSize);
}

crypto::Digest BackupKey::seal(std::string_view text) const {
  return crypto::Hmac(key_)(text);
}

std::string encode_manifest(const BackupMoment& moment, const BackupKey& key) {
  CHECK(moment.key_mark == key.mark());
  std::string text = body_of(moment);
  crypto::Digest digest = crypto::sha256(text);
  crypto::Digest seal = key.seal(text);
  return text + end_of(digest, seal);
}

Result<BackupMoment> decode_manifest(std::string_view text) {
  if (text.size() > kManifestBytesMax) {
    return fail(ErrorCode::kTooLarge, "a moment of the backup names more files than a store has");
  }
  Lines title(text);
  title.expect(kTitle);
  uint64_t format = title.number('\n');
  if (!title.ok()) {
    return damaged("it does not begin as one");
  }
  if (format > kBackupFormat) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("the backup has format {}, this program knows up to {}: use a newer "
                            "program",
                            format, kBackupFormat));
  }
  if (text.size() < kEndSize) {
    return damaged("its end is missing");
  }
  std::string_view body = text.substr(0, text.size() - kEndSize);
  Lines end(text.substr(body.size()));
  crypto::Digest digest{};
  crypto::Digest seal{};
  end.expect(kDigestWord);
  end.bytes('\n', digest);
  end.expect(kSealWord);
  end.bytes('\n', seal);
  if (!end.ok() || crypto::sha256(body) != digest ||
      end_of(digest, seal) != text.substr(body.size())) {
    return damaged("its digest does not match");
  }
  auto moment = parse(body);
  // One text a moment: what reads alike but is spelt otherwise was not written by this program.
  if (!moment || body_of(*moment) != body || moment->instant.micros % kMicrosPerSecond != 0) {
    return damaged("a line of it is none");
  }
  return *std::move(moment);
}

Status check_manifest(std::string_view text, const BackupMoment& moment, const BackupKey& key) {
  if (moment.key_mark != key.mark()) {
    return fail(ErrorCode::kForbidden, "the backup is of a store with other keys",
                {{moment.name(), "bring the key store of the region it was made in"}});
  }
  std::string_view body = text.substr(0, text.size() - kEndSize);
  std::string expected = to_hex(crypto::view(key.seal(body)));
  std::string_view seal = text.substr(text.size() - kDigits - 1, kDigits);
  if (!crypto::equal_in_constant_time(seal, expected)) {
    return fail(ErrorCode::kCorrupt,
                "a moment of the backup was changed by somebody without the region's keys",
                {{moment.name(), "use another moment or another copy"}});
  }
  return {};
}

}  // namespace continuum::record
