// Several lambdas as one visitor for std::visit.
#pragma once

namespace continuum {

template <typename... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <typename... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace continuum
