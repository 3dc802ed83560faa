// How framing code says no, and the character classes it checks. Internal to http/.
#pragma once

#include <string_view>
#include <tl/expected.hpp>

namespace continuum::http {

// Why a message is refused: the status to answer and a short reason that quotes nothing of it.
struct Refusal {
  int status;
  std::string_view reason;  // a literal
};
template <typename T>
using Accepted = tl::expected<T, Refusal>;

inline tl::unexpected<Refusal> refuse(int status, std::string_view reason) {
  return tl::unexpected<Refusal>(Refusal{.status = status, .reason = reason});
}

// A control character other than a tab.
bool has_control(std::string_view text);
// RFC 9110 token: methods and field names.
bool is_token(std::string_view text);

}  // namespace continuum::http
