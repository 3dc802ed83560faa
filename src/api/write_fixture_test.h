// For tests: a region of an Api, and systems that write to it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "api/api_fixture.h"

namespace continuum::api {

inline constexpr std::string_view kGp = "system:gp";
inline constexpr std::string_view kGp2 = "system:gp2";
inline constexpr std::string_view kNumber = "9990000018";

inline std::string patient(std::string_view family, std::string_view id = "",
                           std::string_view number = kNumber,
                           std::string_view birth = "1980-01-31") {
  return R"({"resourceType":"Patient",)" +
         (id.empty() ? "" : R"("id":")" + std::string(id) + R"(",)") +
         R"("identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":")" +
         std::string(number) + R"("}],"name":[{"family":")" + std::string(family) +
         R"("}],"birthDate":")" + std::string(birth) + R"("})";
}

inline std::string observation(std::string_view subject, std::string_view value,
                               std::string_view id = "") {
  return R"({"resourceType":"Observation",)" +
         (id.empty() ? "" : R"("id":")" + std::string(id) + R"(",)") +
         R"("status":"final","code":{"text":"weight"},)" +
         (subject.empty() ? "" : R"("subject":{"reference":")" + std::string(subject) + R"("},)") +
         R"("valueString":")" + std::string(value) + R"("})";
}

inline std::string field(const http::Response& response, std::string_view name) {
  return std::string(response.headers.find(name).value_or("(none)"));
}

class WriteTest : public testing::Test {
 protected:
  http::Response send(std::string_view method, std::string_view target, std::string_view body,
                      std::string_view caller = kGp, std::string_view if_match = "") {
    http::Request request = fixture_.request(method, target, caller);
    request.body = body;
    if (!body.empty()) {
      request.headers.add("Content-Type", "application/fhir+json");
    }
    if (!if_match.empty()) {
      request.headers.add("If-Match", if_match);
    }
    return fixture_.send(request);
  }
  http::Response get(const std::string& target, std::string_view caller = kGp) {
    return fixture_.get(target, caller);
  }
  // The regional id of what was created.
  std::string create(std::string_view type, const std::string& body,
                     std::string_view caller = kGp) {
    http::Response response = send("POST", type, body, caller);
    EXPECT_EQ(response.status, 201) << response.body;
    return id_in(response);
  }
  static std::string id_in(const http::Response& response) {
    std::string location = field(response, "Location");
    size_t end = location.find("/_history/");
    size_t start = location.rfind('/', end - 1) + 1;
    return location.substr(start, end - start);
  }
  void expect_sound() {
    auto report = fixture_.store().check({});
    ASSERT_TRUE(report);
    EXPECT_EQ(report->findings, std::vector<std::string>{});
  }

  ApiFixture fixture_;
};

}  // namespace continuum::api
