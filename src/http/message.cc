#include "http/message.h"

#include <algorithm>

namespace continuum::http {

namespace {
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

void Headers::add(std::string_view name, std::string_view value) {
  const auto name_at = static_cast<uint32_t>(bytes_.size());
  bytes_.append(name);
  const auto value_at = static_cast<uint32_t>(bytes_.size());
  bytes_.append(value);
  entries_.push_back({.name_at = name_at,
                      .name_size = static_cast<uint32_t>(name.size()),
                      .value_at = value_at,
                      .value_size = static_cast<uint32_t>(value.size())});
}

void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Headers::remove(std::string_view name) {
  std::erase_if(entries_, [&](const Entry& entry) {
    return equals_ignoring_case({bytes_.data() + entry.name_at, entry.name_size}, name);
  });
}

void Headers::clear() {
  bytes_.clear();
  entries_.clear();
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (size_t i = 0; i < size(); ++i) {
    if (const Field field = at(i); equals_ignoring_case(field.name, name)) {
      return field.value;
    }
  }
  return std::nullopt;
}

std::string Headers::joined(std::string_view name) const {
  std::string out;
  for (size_t i = 0; i < size(); ++i) {
    if (const Field field = at(i); equals_ignoring_case(field.name, name)) {
      out.append(out.empty() ? "" : ", ").append(field.value);
    }
  }
  return out;
}

size_t Headers::count(std::string_view name) const {
  size_t found = 0;
  for (size_t i = 0; i < size(); ++i) {
    found += equals_ignoring_case(at(i).name, name) ? 1 : 0;
  }
  return found;
}

Headers::Field Headers::at(size_t index) const {
  const Entry& entry = entries_[index];
  return {.name = {bytes_.data() + entry.name_at, entry.name_size},
          .value = {bytes_.data() + entry.value_at, entry.value_size}};
}

void Request::set_target(std::string_view text) {
  const size_t mark = text.find('?');
  target = text;
  path = text.substr(0, mark);
  query = mark == std::string_view::npos ? std::string_view() : text.substr(mark + 1);
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 423:
      return "Locked";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Unknown";
  }
}

}  // namespace continuum::http
