#include "http/query.h"

#include <fmt/format.h>

namespace continuum::http {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char folded = static_cast<char>(c | 0x20);
  return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

// The length of the well-formed UTF-8 sequence at the front (Unicode table 3-7), 0 when there is
// none.
size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](size_t from, size_t size) {
    for (size_t i = from; i < size; ++i) {
      if ((byte(i) & 0xC0) != 0x80) {
        return false;
      }
    }
    return true;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) {
    return 1;
  }
  const size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) {
    return 0;
  }
  const unsigned second = byte(1);
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  return second >= low && second <= high && continues(2, size) ? size : 0;
}

bool is_utf8_without_nul(std::string_view text) {
  while (!text.empty()) {
    const size_t size = text[0] == '\0' ? 0 : utf8_sequence(text);
    if (size == 0) {
      return false;
    }
    text.remove_prefix(size);
  }
  return true;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

Result<Parameter> parse_parameter(std::string_view piece, const QueryLimits& limits) {
  const size_t equals = piece.find('=');
  TRY(std::string name, percent_decode(piece.substr(0, equals), Plus::kSpace));
  if (name.empty()) {
    return fail(ErrorCode::kInvalid, "a parameter has no name");
  }
  if (name.size() > limits.name_bytes_max) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("a parameter name is over {} bytes", limits.name_bytes_max));
  }
  std::string value;
  if (equals != std::string_view::npos) {
    TRY(value, percent_decode(piece.substr(equals + 1), Plus::kSpace));
  }
  if (value.size() > limits.value_bytes_max) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("a parameter value is over {} bytes", limits.value_bytes_max));
  }
  return Parameter{.name = std::move(name), .value = std::move(value)};
}

Error at_parameter(Error error, size_t number) {
  error.details.push_back({.where = fmt::format("parameter {}", number), .what = error.message});
  return error;
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return fail(ErrorCode::kInvalid,
                    fmt::format("'%' at offset {} is not followed by two hexadecimal digits", i));
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus == Plus::kSpace) {
      c = ' ';
    }
    out.push_back(c);
  }
  if (!is_utf8_without_nul(out)) {
    return fail(ErrorCode::kInvalid, "text is not UTF-8 or holds a NUL once percent-decoded");
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
  }
  return out;
}

Result<std::vector<Parameter>> parse_query(std::string_view text, const QueryLimits& limits) {
  std::vector<Parameter> out;
  while (!text.empty()) {
    const size_t end = text.find('&');
    const std::string_view piece = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (piece.empty()) {
      continue;
    }
    if (out.size() == limits.parameters_max) {
      return fail(ErrorCode::kTooLarge, fmt::format("over {} parameters", limits.parameters_max));
    }
    auto parameter = parse_parameter(piece, limits);
    if (!parameter) {
      return fail(at_parameter(std::move(parameter).error(), out.size() + 1));
    }
    out.push_back(*std::move(parameter));
  }
  return out;
}

Result<std::vector<Parameter>> parse_form(std::string_view body, const QueryLimits& limits) {
  return parse_query(body, limits);
}

Result<std::vector<std::string>> split_path(std::string_view path) {
  if (path.empty() || path[0] != '/') {
    return fail(ErrorCode::kInvalid, "a path starts with '/'");
  }
  path.remove_prefix(1);
  std::vector<std::string> out;
  if (path.empty()) {
    return out;
  }
  if (path.ends_with('/')) {
    path.remove_suffix(1);
  }
  while (true) {
    const size_t end = path.find('/');
    TRY(std::string segment, percent_decode(path.substr(0, end), Plus::kLiteral));
    if (segment.empty() || segment == "." || segment == "..") {
      return fail(ErrorCode::kInvalid, "a path segment is empty, '.' or '..'");
    }
    if (out.size() == kPathSegmentsMax) {
      return fail(ErrorCode::kTooLarge, fmt::format("over {} path segments", kPathSegmentsMax));
    }
    out.push_back(std::move(segment));
    if (end == std::string_view::npos) {
      return out;
    }
    path.remove_prefix(end + 1);
  }
}

}  // namespace continuum::http
