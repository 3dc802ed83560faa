#include "json/locate.h"

#include <algorithm>
#include <numeric>

namespace continuum::json {
namespace {

// Meets values in the order of the text, which is the order of their places.
class Walk {
 public:
  Walk(std::string_view text, std::span<const Place> places)
      : text_(text), places_(places), order_(places.size()), positions_(places.size()) {
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::sort(order_.begin(), order_.end(),
              [this](size_t a, size_t b) { return places_[a] < places_[b]; });
  }

  std::vector<Position> run() {
    bool starts = true;  // the next token is a value's first, or its name's
    for (at_ = 0; at_ < text_.size() && next_ < order_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') {
        ++line_;
        line_start_ = at_ + 1;
      }
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ':') {
        continue;
      }
      if (c == ']' || c == '}') {
        leave();
        starts = false;
        continue;
      }
      if (c == ',') {
        step();
        starts = true;
        continue;
      }
      if (starts) {
        meet();
      }
      starts = c == '[' || c == '{';
      if (starts) {
        here_.push_back(0);
      } else if (c == '"') {
        skip_string();
      }
    }
    return std::move(positions_);
  }

 private:
  void leave() {
    if (!here_.empty()) {
      here_.pop_back();
    }
  }
  void step() {
    if (!here_.empty()) {
      ++here_.back();
    }
  }
  void meet() {
    while (next_ < order_.size() && places_[order_[next_]] < here_) {
      ++next_;
    }
    while (next_ < order_.size() && places_[order_[next_]] == here_) {
      positions_[order_[next_]] = {line_, static_cast<uint32_t>(at_ - line_start_ + 1)};
      ++next_;
    }
  }
  // To its closing quote.
  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      at_ += text_[at_] == '\\' ? 1 : 0;
    }
  }

  std::string_view text_;
  std::span<const Place> places_;
  std::vector<size_t> order_;  // of places, ascending
  std::vector<Position> positions_;
  Place here_;
  size_t next_ = 0;  // into order_
  size_t at_ = 0;
  size_t line_start_ = 0;
  uint32_t line_ = 1;
};

}  // namespace

std::vector<Position> locate(std::string_view text, std::span<const Place> places) {
  return Walk(text, places).run();
}

}  // namespace continuum::json
