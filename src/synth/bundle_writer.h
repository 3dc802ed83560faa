// Text of a transaction Bundle, written straight into a string: no tree, no copies.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"

namespace continuum::synth {

// The 36 characters of a version 4 shaped UUID.
struct Uuid {
  std::array<char, 36> text{};
  std::string_view view() const { return {text.data(), text.size()}; }
};
Uuid draw_uuid(SeededRandom& random);

template <typename... Parts>
void cat(std::string& out, const Parts&... parts) {
  (out.append(std::string_view(parts)), ...);
}
void append_number(std::string& out, int64_t value);
// 1234 with 2 places is 12.34; trailing zeros stay.
void append_decimal(std::string& out, int64_t scaled, unsigned places);
// YYYY-MM-DD
void append_date(std::string& out, int64_t day);
// YYYY-MM-DDThh:mm:ss+00:00, or +01:00 with the same moment in British summer.
void append_date_time(std::string& out, int64_t seconds);
void append_base64(std::string& out, std::string_view bytes);

// Every resource is `open ... close`; between them the caller appends members to text(), each
// ending in a comma but the last.
class BundleWriter {
 public:
  // `sends_ids`: whether resources carry their UUID as id too. Clears `out`.
  BundleWriter(std::string& out, bool sends_ids);

  std::string& text() { return out_; }
  // Writes up to and including meta. `profile` is the end of a UK Core profile's URL.
  void open(std::string_view type, std::string_view profile, const Uuid& id);
  void close(std::string_view type);
  // Closes with ifNoneExist `identifier=<system>|<value>`.
  void close_if_none_exists(std::string_view type, std::string_view system, std::string_view value);
  // Ends the Bundle; no newline.
  void finish();
  uint32_t resources() const { return resources_; }

 private:
  std::string& out_;
  bool sends_ids_;
  uint32_t resources_ = 0;
};

}  // namespace continuum::synth
