#include "http/chunked_reader.h"

#include <algorithm>
#include <charconv>

#include "http/limits.h"

namespace continuum::http {

namespace {

constexpr std::string_view kEndOfLine = "\r\n";
constexpr size_t kSizeDigitsMax = 16;

tl::unexpected<Refusal> malformed() {
  return refuse(400, "malformed chunked body");
}

bool is_extension(std::string_view text) {
  const size_t start = text.find_first_not_of(" \t");
  return text.empty() ||
         (start != std::string_view::npos && text[start] == ';' && !has_control(text));
}

}  // namespace

Accepted<size_t> ChunkedReader::read(std::string_view bytes, std::string& body) {
  size_t consumed = 0;
  while (!done()) {
    const auto size = step(bytes.substr(consumed), body);
    if (!size) {
      return size;
    }
    if (*size == 0) {
      break;
    }
    consumed += *size;
  }
  return consumed;
}

Accepted<size_t> ChunkedReader::step(std::string_view bytes, std::string& body) {
  if (state_ == State::kData) {
    const std::string_view data =
        bytes.substr(0, std::min<uint64_t>(chunk_bytes_left_, bytes.size()));
    body.append(data);
    chunk_bytes_left_ -= data.size();
    state_ = chunk_bytes_left_ == 0 ? State::kDataEnd : State::kData;
    return data.size();
  }
  if (state_ == State::kDataEnd) {
    const std::string_view end = bytes.substr(0, kEndOfLine.size());
    if (!kEndOfLine.starts_with(end)) {
      return malformed();
    }
    if (end.size() < kEndOfLine.size()) {
      return 0;
    }
    state_ = State::kSize;
    return kEndOfLine.size();
  }
  return step_line(bytes);
}

Accepted<size_t> ChunkedReader::step_line(std::string_view bytes) {
  const size_t end = bytes.find('\n');
  if (std::min(end, bytes.size()) > kChunkLineBytesMax) {
    return malformed();
  }
  if (end == std::string_view::npos) {
    return 0;
  }
  if (end == 0 || bytes[end - 1] != '\r') {
    return malformed();
  }
  const std::string_view line = bytes.substr(0, end - 1);
  const auto accepted = state_ == State::kSize ? on_size_line(line) : on_trailer_line(line);
  if (!accepted) {
    return tl::unexpected<Refusal>(accepted.error());
  }
  return end + 1;
}

Accepted<void> ChunkedReader::on_size_line(std::string_view line) {
  uint64_t size = 0;
  const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  const auto digits = static_cast<size_t>(rest - line.data());
  if (error != std::errc() || digits > kSizeDigitsMax || !is_extension(line.substr(digits))) {
    return malformed();
  }
  if (size > body_bytes_left_) {
    return refuse(413, "the body is too large");
  }
  body_bytes_left_ -= size;
  chunk_bytes_left_ = size;
  state_ = size == 0 ? State::kTrailer : State::kData;
  return {};
}

Accepted<void> ChunkedReader::on_trailer_line(std::string_view line) {
  trailer_bytes_ += line.size();
  if (line.empty()) {
    state_ = State::kDone;
    return {};
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || has_control(line) ||
      trailer_bytes_ > kChunkLineBytesMax) {
    return malformed();
  }
  return {};
}

}  // namespace continuum::http
