// docs/access.md's table, run: each cell is one request.
#include <gtest/gtest.h>

#include <map>

#include "api/api_fixture.h"

namespace continuum::api {
namespace {

constexpr std::string_view kNumber = "9991234567";
constexpr std::string_view kNumberSystem = "https://fhir.nhs.uk/Id/nhs-number";
const std::map<std::string, std::string> kCallers = {
    {"not signed in", ""},
    {"clinician, related", "gp"},
    {"clinician, not related", "other-gp"},
    {"clerk, related", "clerk"},
    {"citizen, own", "citizen:9991234567:1980-01-31"},
    {"citizen, another's", "citizen:9997654321:1980-01-31"},
    {"system, its own", "system:gp"},
    {"system, another's", "system:gp2"},
    {"operator", "operator"}};

std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  for (size_t at = line.find('|'); at != std::string_view::npos;) {
    size_t end = line.find('|', at + 1);
    if (end == std::string_view::npos) {
      break;
    }
    std::string cell(line.substr(at + 1, end - at - 1));
    cell.erase(0, cell.find_first_not_of(' '));
    cell.erase(cell.find_last_not_of(' ') + 1);
    cells.push_back(std::move(cell));
    at = end;
  }
  return cells;
}

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

Table read_table() {
  auto text = read_file(posix_files(), "docs/access.md", uint64_t{1} << 20);
  EXPECT_TRUE(text.has_value());
  size_t from = text->find("<!-- table:begin -->");
  size_t to = text->find("<!-- table:end -->");
  EXPECT_TRUE(from != std::string::npos && to != std::string::npos && from < to);
  Table table;
  size_t line_at = text->find('\n', from) + 1;
  for (size_t number = 0; line_at < to; ++number) {
    size_t end = text->find('\n', line_at);
    std::vector<std::string> cells = cells_of(text->substr(line_at, end - line_at));
    if (number == 0) {
      table.columns = cells;
    } else if (number > 1) {
      table.rows.push_back(cells);
    }
    line_at = end + 1;
  }
  return table;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), with);
    at += with.size();
  }
  return text;
}

// A person registered with A81001, known to RXX too, where nobody has seen them for years.
class AccessTable : public testing::Test {
 protected:
  AccessTable() {
    const Home gp{"gp", "ann"};
    const Home trust{"trust", "ann-at-trust"};
    std::string match = std::string(kNumber) + "|1980-01-31";
    names_["[organisation]"] = fixture_.put({"gp", "", false, true}, "practice",
                                            R"({"resourceType":"Organization","identifier":[{
        "system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"A81001"}]})");
    names_["[patient]"] = fixture_.put(gp, "ann", patient(names_["[organisation]"]), match);
    fixture_.put(trust, "ann-at-trust", patient(""), match);
    names_["[observation]"] = fixture_.put(gp, "o1", R"({"resourceType":"Observation"})");
    fixture_.put(trust, "o2", R"({"resourceType":"Observation"})");
    names_["[written]"] = fixture_.put(gp, "o5", R"({"resourceType":"Observation"})");
    names_["[deleted]"] = fixture_.put(gp, "o3", R"({"resourceType":"Observation"})");
    fixture_.remove(gp, *fhir::type_number("Observation"), "o3");
    names_["[quarantined]"] =
        fixture_.put({"gp", "", true}, "o4", R"({"resourceType":"Observation"})");
    names_["[note]"] = written_by("gp");
    names_["[provenance]"] =
        std::to_string(*fhir::type_number("Observation")) + "." + names_["[note]"] + ".1";
    names_["[statement]"] = written_by("citizen:9991234567:1980-01-31");
    names_["[number]"] = std::string(kNumberSystem) + "%7C" + std::string(kNumber);
    // Somebody has looked: a receipt, and accesses for AuditEvent to tell.
    for (std::string_view caller : {"gp", "clerk"}) {
      names_["[receipt]"] = receipt_of(fixture_.get("Patient/" + names_["[patient]"], caller));
    }
  }

  std::string observation_of(const std::string& id) {
    return R"({"resourceType":"Observation","id":")" + id +
           R"(","status":"final","code":{"text":"weight"},"subject":{"reference":"Patient/)" +
           names_["[patient]"] + R"("}})";
  }
  // The id of what somebody wrote of the patient in their own name.
  std::string written_by(const std::string& caller) {
    http::Request request = fixture_.request("POST", "Observation", caller);
    request.headers.add("Content-Type", "application/fhir+json");
    request.body = observation_of("x");
    http::Response created = fixture_.send(request);
    EXPECT_EQ(created.status, 201) << created.body;
    size_t from = created.body.find("\"id\":\"") + 6;
    return created.body.substr(from, created.body.find('"', from) - from);
  }

  static std::string patient(const std::string& practice) {
    std::string out =
        R"({"resourceType":"Patient","birthDate":"1980-01-31","identifier":[{"system":")" +
        std::string(kNumberSystem) + R"(","value":")" + std::string(kNumber) + R"("}])";
    if (!practice.empty()) {
      out += R"(,"generalPractitioner":[{"reference":"Organization/)" + practice + R"("}])";
    }
    return out + "}";
  }
  static std::string receipt_of(const http::Response& response) {
    return std::string(response.headers.find(kReceiptField).value_or(""));
  }

  http::Response ask(const std::string& interaction, const std::string& caller) {
    size_t space = interaction.find(' ');
    std::string target = interaction.substr(space + 1);
    size_t batch = target.find(" with a batch");
    target = target.substr(0, batch);
    for (const auto& [name, value] : names_) {
      target = replaced(target, name, value);
    }
    http::Request request = fixture_.request(interaction.substr(0, space), target, caller);
    if (caller.empty()) {
      request.headers.remove("Authorization");
    }
    if (target.ends_with("/_search")) {
      request.headers.add("Content-Type", "application/x-www-form-urlencoded");
      request.body = "identifier=" + names_["[number]"];
    } else if (request.method == "PATCH") {
      request.headers.add("Content-Type", "application/json-patch+json");
      request.body = R"([{"op":"add","path":"/valueString","value":"80 kg"}])";
    } else if (request.method == "POST" || request.method == "PUT") {
      request.headers.add("Content-Type", "application/fhir+json");
      std::string kind = batch == std::string::npos ? "transaction" : "batch";
      request.body = target == "/fhir"
                         ? R"({"resourceType":"Bundle","type":")" + kind + "\"}"
                         : observation_of(target.substr(target.find_last_of("/=") + 1));
      // Another type is refused before its content is looked at.
      bool is_other = target != "/fhir" && !target.starts_with("/fhir/Observation");
      request.body = is_other ? R"({"resourceType":")" + target.substr(6) + "\"}" : request.body;
    }
    return fixture_.send(request);
  }

  // What a response is in the words of the table.
  std::string word_of(const http::Response& response, uint64_t withheld, bool is_write) {
    if (response.status == 404) {
      http::Response nothing = fixture_.get("Patient/nobody", "operator");
      return response.body == nothing.body ? "absent" : "404";
    }
    if (response.status != 200 || is_write || !response.body.starts_with("{\"resourceType\":\"") ||
        response.body.starts_with("{\"resourceType\":\"CapabilityStatement\"")) {
      return std::to_string(response.status);
    }
    bool is_bundle = response.body.starts_with("{\"resourceType\":\"Bundle\"");
    bool has_entries = response.body.find("\"mode\":\"match\"") != std::string::npos ||
                       response.body.find("\"response\":{") != std::string::npos;
    return is_bundle && !has_entries ? "empty" : withheld > 0 ? "part" : "shown";
  }

  ApiFixture fixture_;
  std::map<std::string, std::string> names_;
};

TEST_F(AccessTable, IsTrue) {
  Table table = read_table();
  ASSERT_EQ(table.columns.size(), kCallers.size() + 1);
  ASSERT_GT(table.rows.size(), 20U);
  for (const std::vector<std::string>& row : table.rows) {
    ASSERT_EQ(row.size(), table.columns.size()) << row[0];
    for (size_t i = 1; i < row.size(); ++i) {
      size_t before = fixture_.entries().size();
      http::Response response = ask(row[0], kCallers.at(table.columns[i]));
      auto entries = fixture_.entries();
      uint64_t withheld = 0;
      bool has_receipt = !receipt_of(response).empty();
      EXPECT_EQ(has_receipt, entries.size() > before) << row[0] << " / " << table.columns[i];
      if (has_receipt) {
        const auto& entry = std::get<ledger::RequestEntry>(entries[before]);
        EXPECT_EQ(entry.status, response.status) << row[0];
        EXPECT_EQ(entries.size(), before + 1 + entry.persons) << row[0];
        withheld = entry.withheld;
      }
      bool is_write = row[0].starts_with("PUT ") || row[0].starts_with("PATCH ") ||
                      row[0] == "POST /fhir" || row[0].ends_with("batch");
      EXPECT_EQ(word_of(response, withheld, is_write), row[i])
          << row[0] << " / " << table.columns[i] << "\n"
          << response.body.substr(0, 300);
    }
  }
}

// --- every route -------------------------------------------------------------------------------

// One request that each interaction answers.
const std::map<Interaction, std::string> kSamples = {
    {Interaction::kUnknown, "GET /nothing"},
    {Interaction::kHealth, "GET /health"},
    {Interaction::kReady, "GET /ready"},
    {Interaction::kMetrics, "GET /metrics"},
    {Interaction::kMetadata, "GET /fhir/metadata"},
    {Interaction::kSystem, "GET /fhir"},
    {Interaction::kSearch, "GET /fhir/Patient?identifier=[number]"},
    {Interaction::kSearchForm, "POST /fhir/Patient/_search"},
    {Interaction::kRead, "GET /fhir/Patient/[patient]"},
    {Interaction::kHistory, "GET /fhir/Patient/[patient]/_history"},
    {Interaction::kVread, "GET /fhir/Patient/[patient]/_history/1"},
    {Interaction::kEverything, "GET /fhir/Patient/[patient]/$everything"},
    {Interaction::kLedgerCheckpoint, "GET /ledger/checkpoint"},
    {Interaction::kLedgerProof, "GET /ledger/proof?receipt=[receipt]"},
    {Interaction::kLedgerTile, "GET /ledger/tile/0/000.p/1"},
    {Interaction::kCreate, "POST /fhir/Observation"},
    {Interaction::kUpdate, "PUT /fhir/Observation/[written]"},
    {Interaction::kDelete, "DELETE /fhir/Observation/[written]"},
    {Interaction::kTransaction, "POST /fhir"},
    {Interaction::kPatch, "PATCH /fhir/Observation/[written]"},
    {Interaction::kUpdateIf, "PUT /fhir/Observation?_id=[written]"},
    {Interaction::kDeleteIf, "DELETE /fhir/Observation?_id=[written]"},
    {Interaction::kPatchIf, "PATCH /fhir/Observation?_id=[written]"},
    {Interaction::kBatch, "POST /fhir with a batch"},
    {Interaction::kHistoryType, "GET /fhir/Patient/_history"},
    {Interaction::kHistorySystem, "GET /fhir/_history"},
    {Interaction::kErase, "POST /fhir/Patient/[patient]/$erase"}};

TEST_F(AccessTable, EveryRouteAnswersWithADecisionAndAReceipt) {
  for (size_t i = 0; i < kInteractionCount; ++i) {
    auto interaction = static_cast<Interaction>(i);
    auto sample = kSamples.find(interaction);
    ASSERT_NE(sample, kSamples.end()) << pattern(interaction) << " has no sample";
    size_t before = fixture_.entries().size();
    http::Response response = ask(sample->second, "reader");
    auto entries = fixture_.entries();
    if (is_open(interaction)) {
      // SAFETY: what is open must not depend on what is stored.
      EXPECT_EQ(entries.size(), before) << pattern(interaction);
      ApiFixture empty;
      http::Request request = empty.request("GET", sample->second.substr(4), "reader");
      EXPECT_EQ(empty.send(request).body, response.body) << pattern(interaction);
      continue;
    }
    ASSERT_GT(entries.size(), before) << pattern(interaction);
    const auto& entry = std::get<ledger::RequestEntry>(entries[before]);
    EXPECT_EQ(entry.interaction, name_of(interaction));
    EXPECT_EQ(entry.policy, fixture_.door().policy().digest());
    auto receipt = access::Receipt::parse(receipt_of(response));
    ASSERT_TRUE(receipt) << pattern(interaction);
    EXPECT_EQ(receipt->number, before);
    EXPECT_EQ(receipt->id, entry.id);
    // Nobody unknown gets as far.
    EXPECT_EQ(ask(sample->second, "").status, 401) << pattern(interaction);
    EXPECT_EQ(ask(sample->second, "stranger").status, 401) << pattern(interaction);
  }
}

}  // namespace
}  // namespace continuum::api
