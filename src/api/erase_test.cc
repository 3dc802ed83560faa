// $erase over the API: two people of the organisation that sent the record, and nobody else.
#include <atomic>
#include <thread>

#include "api/write_fixture_test.h"

namespace continuum::api {
namespace {

// Staff of A81001 in the role that the fixture's region lets erase.
constexpr std::string_view kFirst = "eraser";
constexpr std::string_view kSecond = "eraser-2";

std::string body_of(std::string_view name, std::string_view value) {
  return R"({"resourceType":"Parameters","parameter":[{"name":")" + std::string(name) +
         R"(","valueString":")" + std::string(value) + R"("}]})";
}

class EraseTest : public WriteTest {
 protected:
  EraseTest() {
    ann_ = create("Patient", patient("Smith"));
    weight_ = create("Observation", observation("Patient/" + ann_, "80 kg"));
  }
  http::Response erase(const std::string& id, std::string_view name, std::string_view value,
                       std::string_view caller = kFirst) {
    return send("POST", "Patient/" + id + "/$erase", body_of(name, value), caller);
  }
  static std::string value_of(const http::Response& response, std::string_view name) {
    Body body(response.body);
    const json::Node* list = body.root().find("parameter");
    for (const json::Node* at = list == nullptr ? nullptr : list->first; at != nullptr;
         at = at->next) {
      if (at->string("name") == name) {
        return std::string(at->string("valueString"));
      }
    }
    return "(none)";
  }
  std::string token_for(const std::string& id) {
    http::Response asked = erase(id, "reason", "asked for it");
    EXPECT_EQ(asked.status, 200) << asked.body;
    return value_of(asked, "token");
  }
  void expect_there() {
    EXPECT_EQ(get("Patient/" + ann_).status, 200);
    EXPECT_EQ(get("Observation/" + weight_).status, 200);
    EXPECT_TRUE(fixture_.store().erasures().empty());
  }

  std::string ann_, weight_;
};

// A store beside that of the test, with a token of its own.
class Another : public EraseTest {
 public:
  std::string token() { return token_for(ann_); }

 private:
  void TestBody() override {}
};

TEST_F(EraseTest, TwoPeopleDestroyARecord) {
  http::Response asked = erase(ann_, "reason", "asked for it");
  ASSERT_EQ(asked.status, 200) << asked.body;
  EXPECT_NE(field(asked, kReceiptField), "(none)");
  for (const char* part : {R"("valueCode":"Observation")", R"("name":"expires")",
                           R"("name":"keptWithOthers","valueDecimal":0)"}) {
    EXPECT_NE(asked.body.find(part), std::string::npos) << part << asked.body;
  }
  EXPECT_EQ(asked.body.find("asked for it"), std::string::npos);
  expect_there();
  http::Response done = erase(ann_, "token", value_of(asked, "token"), kSecond);
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_NE(done.body.find(R"("name":"certificate","valueDecimal":1)"), std::string::npos);
  EXPECT_NE(field(done, kReceiptField), "(none)");
  EXPECT_EQ(get("Patient/" + ann_).status, 404);
  EXPECT_EQ(get("Observation/" + weight_).status, 404);
  ASSERT_EQ(fixture_.store().erasures().size(), 1U);
  const std::string by = fixture_.store().erasures().front().by;
  EXPECT_NE(by.find("eraser, confirmed by"), std::string::npos) << by;
  EXPECT_NE(by.find("eraser-2"), std::string::npos) << by;
  expect_sound();
  // Twice is once.
  EXPECT_EQ(erase(ann_, "token", value_of(asked, "token"), kSecond).status, 404);
}

TEST_F(EraseTest, WhoRequestsDoesNotConfirm) {
  std::string token = token_for(ann_);
  http::Response alone = erase(ann_, "token", token, kFirst);
  EXPECT_EQ(alone.status, 403) << alone.body;
  EXPECT_NE(alone.body.find("somebody else"), std::string::npos);
  // In another role it is the same person; in another organisation the record is not there.
  EXPECT_EQ(erase(ann_, "token", token, "eraser-in-another-role").body, alone.body);
  EXPECT_EQ(erase(ann_, "token", token, "eraser-at-trust").status, 404);
  expect_there();
}

TEST_F(EraseTest, NobodyElseMay) {
  std::string token = token_for(ann_);
  for (std::string_view caller : {"gp", "clerk", "other-gp", "reader", "operator", "system:gp",
                                  "citizen:9990000018:1980-01-31"}) {
    for (const std::string& id : {ann_, std::string("nobody")}) {
      http::Response asked = erase(id, "reason", "mine", caller);
      http::Response confirmed = erase(id, "token", token, caller);
      EXPECT_EQ(asked.status, 403) << caller;
      EXPECT_EQ(asked.body, confirmed.body) << caller;
    }
    EXPECT_EQ(send("POST", "Patient/" + ann_ + "/$erase", "{", caller).status, 403) << caller;
  }
  // Of another organisation: not there.
  http::Response hidden = erase(ann_, "reason", "x", "eraser-of-trust");
  http::Response absent = erase("00000000000000000000000000zz", "reason", "x", "eraser-of-trust");
  EXPECT_EQ(hidden.status, 404);
  EXPECT_EQ(hidden.body, absent.body);
  EXPECT_EQ(erase(ann_, "token", token, "eraser-of-trust").body, absent.body);
  expect_there();
}

TEST_F(EraseTest, ATokenIsForOnePatientInOneStateForADay) {
  std::string bob = create("Patient", patient("Jones", "", "9990000026"));
  std::string token = token_for(ann_);
  EXPECT_EQ(erase(bob, "token", token, kSecond).status, 400);
  std::string damaged = token;
  damaged[10] = damaged[10] == 'A' ? 'B' : 'A';
  EXPECT_EQ(erase(ann_, "token", damaged, kSecond).status, 400);
  EXPECT_EQ(erase(ann_, "token", std::string(9'000, 'A'), kSecond).status, 400);
  create("Observation", observation("Patient/" + ann_, "81 kg"));
  EXPECT_EQ(erase(ann_, "token", token, kSecond).status, 409);
  token = token_for(ann_);
  fixture_.clock().advance_micros(int64_t{25} * 3'600 * 1'000'000);
  EXPECT_EQ(erase(ann_, "token", token, kSecond).status, 400);
  // Nor is one of another store any.
  Another another;
  EXPECT_EQ(erase(ann_, "token", another.token(), kSecond).status, 400);
  expect_there();
}

TEST_F(EraseTest, BadBodiesAreRefused) {
  const std::string two =
      R"({"resourceType":"Parameters","parameter":[{"name":"reason","valueString":"x"},)"
      R"({"name":"token","valueString":"y"}]})";
  const std::vector<std::string> bodies{
      "",
      "{",
      "[]",
      R"({"resourceType":"Patient"})",
      R"({"resourceType":"Parameters"})",
      R"({"resourceType":"Parameters","parameter":[{"name":"reason"}]})",
      R"({"resourceType":"Parameters","parameter":[{"name":"why","valueString":"x"}]})",
      two};
  for (const std::string& body : bodies) {
    http::Response refused = send("POST", "Patient/" + ann_ + "/$erase", body, kFirst);
    EXPECT_TRUE(refused.status == 400 || refused.status == 415) << body << refused.body;
  }
  EXPECT_EQ(erase(ann_, "reason", std::string(10'000, 'x')).status, 400);
  EXPECT_EQ(send("GET", "Patient/" + ann_ + "/$erase", "", kFirst).status, 405);
  EXPECT_EQ(
      send("POST", "Observation/" + weight_ + "/$erase", body_of("reason", "x"), kFirst).status,
      404);
  expect_there();
}

TEST_F(EraseTest, NotFromWithinABundle) {
  std::string token = token_for(ann_);
  for (const char* kind : {"batch", "transaction"}) {
    http::Response response =
        send("POST", "/fhir",
             R"({"resourceType":"Bundle","type":")" + std::string(kind) +
                 R"(","entry":[{"resource":)" + body_of("token", token) +
                 R"(,"request":{"method":"POST","url":"Patient/)" + ann_ + R"(/$erase"}}]})",
             kSecond);
    EXPECT_EQ(response.body.find("certificate"), std::string::npos) << response.body;
    EXPECT_EQ(response.status, kind[0] == 'b' ? 200 : 403);
    const char* why = kind[0] == 'b' ? "$erase is asked for alone" : "you may not write";
    EXPECT_NE(response.body.find(why), std::string::npos) << response.body;
  }
  expect_there();
}

TEST_F(EraseTest, WhoAskedAndWhoConfirmedIsInTheLedger) {
  size_t before = fixture_.entries().size();
  http::Response asked = erase(ann_, "reason", "asked by Featherstonehaugh");
  std::string token = value_of(asked, "token");
  EXPECT_EQ(erase(ann_, "token", token, kFirst).status, 403);
  EXPECT_EQ(erase(ann_, "token", token, kSecond).status, 200);
  auto entries = fixture_.entries();
  std::vector<std::string> told;
  for (size_t i = before; i < entries.size(); ++i) {
    if (const auto* request = std::get_if<ledger::RequestEntry>(&entries[i])) {
      told.push_back(request->interaction + " " + request->subject + " " +
                     std::to_string(request->status) + " " + std::to_string(request->persons));
    } else if (const auto* command = std::get_if<ledger::CommandEntry>(&entries[i])) {
      told.push_back(command->command + " " + command->outcome);
      EXPECT_EQ(command->details.find("Featherstonehaugh"), std::string::npos);
    }
  }
  EXPECT_EQ(told, (std::vector<std::string>{"erase eraser 200 1", "erase eraser 403 1",
                                            "erase done", "erase eraser-2 200 1"}));
}

// Also while others write without a pause.
TEST_F(EraseTest, WritersDoNotKeepItAway) {
  std::atomic<bool> is_over{false};
  std::atomic<int> written{0};
  std::string bob = create("Patient", patient("Jones", "", "9990000026"));
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      while (!is_over) {
        int status = send("POST", "Observation", observation("Patient/" + bob, "80 kg")).status;
        EXPECT_TRUE(status == 201 || status == 503) << status;
        ++written;
      }
    });
  }
  while (written < 20) {
    std::this_thread::yield();
  }
  std::string token = token_for(ann_);
  EXPECT_EQ(erase(ann_, "token", token, kSecond).status, 200);
  is_over = true;
  for (std::thread& writer : writers) {
    writer.join();
  }
  EXPECT_EQ(get("Patient/" + ann_).status, 404);
  expect_sound();
}

}  // namespace
}  // namespace continuum::api
