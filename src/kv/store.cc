#include "kv/store.h"

namespace continuum::kv {

void Batch::put(Family family, std::string_view key, std::string_view value) {
  add(family, false, key, value);
}

void Batch::remove(Family family, std::string_view key) {
  add(family, true, key, {});
}

void Batch::clear() {
  bytes_.clear();
  entries_.clear();
}

void Batch::add(Family family, bool removes, std::string_view key, std::string_view value) {
  entries_.push_back({family, removes, bytes_.size(), key.size(), value.size()});
  bytes_.append(key);
  bytes_.append(value);
}

std::string prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xFF) {
    end.pop_back();
  }
  if (!end.empty()) {
    end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  }
  return end;
}

}  // namespace continuum::kv
