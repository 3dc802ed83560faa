#include "synth/bundle_writer.h"

#include <charconv>

#include "base/instant.h"

namespace continuum::synth {
namespace {

constexpr int64_t kDaySeconds = 86400;

void append_two(std::string& out, int64_t value) {
  out.push_back(static_cast<char>('0' + value / 10));
  out.push_back(static_cast<char>('0' + value % 10));
}

// Day of the month of the last Sunday of a month with 31 days.
unsigned last_sunday(int64_t year, unsigned month) {
  int64_t last = days_from_civil(year, month, 31);
  int64_t weekday = ((last + 4) % 7 + 7) % 7;  // 1970-01-01 was a Thursday; Sunday = 0
  return 31 - static_cast<unsigned>(weekday);
}

// To the day: the hour of the change itself does not matter here.
bool is_british_summer(const CivilDate& date) {
  if (date.month == 3) {
    return date.day >= last_sunday(date.year, 3);
  }
  if (date.month == 10) {
    return date.day < last_sunday(date.year, 10);
  }
  return date.month > 3 && date.month < 10;
}

int64_t floor_day(int64_t seconds) {
  return seconds >= 0 ? seconds / kDaySeconds : -((-seconds + kDaySeconds - 1) / kDaySeconds);
}

}  // namespace

Uuid draw_uuid(SeededRandom& random) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::array<uint64_t, 2> bits = {random.next(), random.next()};
  bits[0] = (bits[0] & ~uint64_t{0xF000}) | 0x4000;
  bits[1] = (bits[1] & ~(uint64_t{3} << 62)) | (uint64_t{1} << 63);
  Uuid uuid;
  size_t at = 0;
  for (size_t nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) {
      uuid.text[at++] = '-';
    }
    uuid.text[at++] = kDigits[bits[nibble / 16] >> (60 - 4 * (nibble % 16)) & 15];
  }
  return uuid;
}

void append_number(std::string& out, int64_t value) {
  std::array<char, 20> buffer;
  auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  out.append(buffer.data(), end);
}

void append_decimal(std::string& out, int64_t scaled, unsigned places) {
  int64_t unit = 1;
  for (unsigned i = 0; i < places; ++i) {
    unit *= 10;
  }
  if (scaled < 0) {
    out.push_back('-');
    scaled = -scaled;
  }
  append_number(out, scaled / unit);
  if (places == 0) {
    return;
  }
  out.push_back('.');
  for (int64_t digit = unit / 10; digit > 0; digit /= 10) {
    out.push_back(static_cast<char>('0' + scaled / digit % 10));
  }
}

void append_date(std::string& out, int64_t day) {
  CivilDate date = civil_from_days(day);
  append_two(out, date.year / 100);
  append_two(out, date.year % 100);
  out.push_back('-');
  append_two(out, date.month);
  out.push_back('-');
  append_two(out, date.day);
}

void append_date_time(std::string& out, int64_t seconds) {
  bool summer = is_british_summer(civil_from_days(floor_day(seconds)));
  seconds += summer ? 3600 : 0;
  int64_t day = floor_day(seconds);
  int64_t of_day = seconds - day * kDaySeconds;
  append_date(out, day);
  out.push_back('T');
  append_two(out, of_day / 3600);
  out.push_back(':');
  append_two(out, of_day / 60 % 60);
  out.push_back(':');
  append_two(out, of_day % 60);
  out += summer ? "+01:00" : "+00:00";
}

void append_base64(std::string& out, std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) {
      uint32_t byte = i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0;
      group = group << 8 | byte;
    }
    out.push_back(kDigits[group >> 18]);
    out.push_back(kDigits[group >> 12 & 63]);
    out.push_back(i + 1 < bytes.size() ? kDigits[group >> 6 & 63] : '=');
    out.push_back(i + 2 < bytes.size() ? kDigits[group & 63] : '=');
  }
}

BundleWriter::BundleWriter(std::string& out, bool sends_ids) : out_(out), sends_ids_(sends_ids) {
  out_ = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
}

void BundleWriter::open(std::string_view type, std::string_view profile, const Uuid& id) {
  if (resources_++ > 0) {
    out_.push_back(',');
  }
  cat(out_, R"({"fullUrl":"urn:uuid:)", id.view(), R"(","resource":{"resourceType":")", type,
      R"(",)");
  if (sends_ids_) {
    cat(out_, R"("id":")", id.view(), R"(",)");
  }
  cat(out_, R"("meta":{"profile":["https://fhir.hl7.org.uk/StructureDefinition/UKCore-)", profile,
      R"("]},)");
}

void BundleWriter::close(std::string_view type) {
  cat(out_, R"(},"request":{"method":"POST","url":")", type, R"("}})");
}

void BundleWriter::close_if_none_exists(std::string_view type, std::string_view system,
                                        std::string_view value) {
  cat(out_, R"(},"request":{"method":"POST","url":")", type, R"(","ifNoneExist":"identifier=)",
      system, "|", value, R"("}})");
}

void BundleWriter::finish() {
  out_ += "]}";
}

}  // namespace continuum::synth
