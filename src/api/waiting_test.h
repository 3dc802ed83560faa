// For tests: the API, and a client that waits. When an answer may leave is not waited for.
#pragma once

#include <future>

#include "api/api.h"

namespace continuum::api {

inline http::Response handle_and_wait(Api& api, const http::Request& request) {
  std::promise<http::Response> promise;
  api.handle(request, http::Reply([&](std::optional<http::Response> response, auto) {
               http::Response given_up;
               given_up.status = 500;
               promise.set_value(response ? *std::move(response) : std::move(given_up));
             }));
  return promise.get_future().get();
}

}  // namespace continuum::api
