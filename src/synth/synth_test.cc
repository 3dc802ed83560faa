#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "base/file_system.h"
#include "json/document.h"
#include "synth/accounts.h"
#include "synth/nhs_number.h"
#include "synth/region.h"

namespace continuum::synth {
namespace {

// FNV-1a, 64 bits: enough to notice any change.
uint64_t hash_of(std::string_view bytes, uint64_t hash = 0xCBF29CE484222325ULL) {
  for (char c : bytes) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  }
  return hash;
}

json::Document parsed(std::string_view text) {
  json::Document document;
  Status status = document.parse(text);
  EXPECT_TRUE(status) << status.error().text();
  return document;
}

// Calls `each` with every string member of that name, or every string when `name` is empty.
void for_each_string(const json::Node& node, std::string_view name,
                     const std::function<void(std::string_view)>& each) {
  if (node.is_string() && (name.empty() || node.key == name)) {
    each(node.text);
  }
  for (const json::Node& child : json::children(node)) {
    for_each_string(child, name, each);
  }
}

const json::Node& resource_of(const json::Node& entry) {
  return *entry.find("resource");
}

class Region : public testing::Test {
 protected:
  static Generator generator(uint32_t people) {
    auto made = Generator::create({.people = people});
    EXPECT_TRUE(made);
    return *std::move(made);
  }

  // Every bundle of `people` people.
  static void for_each_bundle(uint32_t people,
                              const std::function<void(const PersonBundles&, const SourcePatient&,
                                                       const json::Node&)>& each) {
    Generator made = generator(people);
    PersonBundles person;
    for (uint32_t index = 0; index < people; ++index) {
      made.write_person(index, person);
      for (const SourcePatient& patient : person.patients) {
        json::Document document = parsed(patient.bundle);
        ASSERT_NE(document.root(), nullptr);
        each(person, patient, *document.root());
      }
    }
  }
};

TEST(NhsNumbers, AreValidAndAllDifferent) {
  NhsNumbers numbers(7);
  std::set<std::string> seen;
  for (uint32_t index = 0; index < 50000; ++index) {
    std::string number = numbers.at(index);
    ASSERT_TRUE(is_valid_nhs_number(number)) << number;
    ASSERT_EQ(number.substr(0, 3), "999");
    ASSERT_TRUE(seen.insert(number).second) << number;
  }
  EXPECT_TRUE(is_valid_nhs_number(numbers.at(kNhsNumbersMax - 1)));
}

TEST(NhsNumbers, CheckDigit) {
  EXPECT_TRUE(is_valid_nhs_number("9000000009"));
  EXPECT_TRUE(is_valid_nhs_number("9000000025"));
  EXPECT_FALSE(is_valid_nhs_number("9000000000"));
  EXPECT_FALSE(is_valid_nhs_number("900000009"));
  EXPECT_FALSE(is_valid_nhs_number("900000000x"));
}

TEST_F(Region, SameOptionsGiveTheSameBytes) {
  Generator made = generator(20);
  PersonBundles person;
  uint64_t hash = hash_of(region_toml());
  for (size_t source = 0; source < kSourceCount; ++source) {
    hash = hash_of(made.organisations(source), hash);
  }
  for (uint32_t index = 0; index < 20; ++index) {
    made.write_person(index, person);
    for (const SourcePatient& patient : person.patients) {
      hash = hash_of(patient.bundle, hash);
    }
  }
  // A change here is a change of every synthetic region: mean it.
  EXPECT_EQ(hash, 2249265969641644792ULL);
}

TEST_F(Region, PersonDoesNotDependOnHowManyThereAre) {
  PersonBundles few;
  PersonBundles many;
  generator(5).write_person(4, few);
  generator(500).write_person(4, many);
  ASSERT_EQ(few.patients.size(), many.patients.size());
  EXPECT_EQ(few.patients.back().bundle, many.patients.back().bundle);
}

TEST_F(Region, OtherSeedGivesOtherPeople) {
  auto other = Generator::create({.people = 1, .seed = 2});
  ASSERT_TRUE(other);
  PersonBundles a;
  PersonBundles b;
  generator(1).write_person(0, a);
  other->write_person(0, b);
  EXPECT_NE(a.patients.front().bundle, b.patients.front().bundle);
  EXPECT_NE(a.nhs_number, b.nhs_number);
}

TEST_F(Region, ReferencesResolve) {
  Generator made = generator(200);
  std::set<std::string> identifiers;
  for (size_t source = 0; source < kSourceCount; ++source) {
    json::Document document = parsed(made.organisations(source));
    for (const json::Node& entry : json::children(*document.root()->find("entry"))) {
      identifiers.insert(std::string(resource_of(entry).string("resourceType")) + "?" +
                         std::string(entry.find("request")->string("ifNoneExist")));
    }
  }
  for_each_bundle(200, [&](const PersonBundles&, const SourcePatient&, const json::Node& bundle) {
    std::set<std::string> urls;
    for (const json::Node& entry : json::children(*bundle.find("entry"))) {
      EXPECT_TRUE(urls.insert(std::string(entry.string("fullUrl"))).second);
    }
    for_each_string(bundle, "reference", [&](std::string_view reference) {
      bool local = reference.starts_with("urn:uuid:");
      EXPECT_TRUE((local ? urls : identifiers).contains(std::string(reference))) << reference;
    });
  });
}

TEST_F(Region, BundlesAreTransactionsOfOnePatient) {
  for_each_bundle(
      100, [&](const PersonBundles&, const SourcePatient& patient, const json::Node& bundle) {
        EXPECT_EQ(bundle.string("type"), "transaction");
        EXPECT_EQ(bundle.find("entry")->child_count(), patient.resources);
        size_t patients = 0;
        for (const json::Node& entry : json::children(*bundle.find("entry"))) {
          const json::Node& resource = resource_of(entry);
          patients += resource.string("resourceType") == "Patient" ? 1U : 0U;
          EXPECT_EQ(entry.find("request")->string("url"), resource.string("resourceType"));
          EXPECT_EQ(!resource.string("id").empty(), sources()[patient.source].sends_ids);
        }
        EXPECT_EQ(patients, 1U);
      });
}

// What the bundle says of the person, to hold against the truth.
void expect_truth(const PersonBundles& person, const SourcePatient& patient,
                  const json::Node& resource) {
  std::set<Alteration> altered(patient.altered.begin(), patient.altered.end());
  std::string number;
  for (const json::Node& identifier : json::children(*resource.find("identifier"))) {
    if (identifier.string("system") == "https://fhir.nhs.uk/Id/nhs-number") {
      number = identifier.string("value");
    }
  }
  if (altered.contains(Alteration::kNoNhsNumber)) {
    EXPECT_EQ(number, "");
  } else if (altered.contains(Alteration::kInvalidNhsNumber)) {
    EXPECT_FALSE(is_valid_nhs_number(number));
  } else {
    EXPECT_EQ(number, person.nhs_number);
  }
  EXPECT_EQ(resource.string("birthDate") != person.birth_date,
            altered.contains(Alteration::kWrongBirthDate));
}

TEST_F(Region, TruthMatchesBundles) {
  std::map<Alteration, int> altered;
  int elsewhere = 0;
  std::map<uint32_t, std::string> families;
  for_each_bundle(3000, [&](const PersonBundles& person, const SourcePatient& patient,
                            const json::Node& bundle) {
    const json::Node& entry = *bundle.find("entry")->first;
    EXPECT_EQ(entry.string("fullUrl"), patient.patient_full_url);
    const json::Node& resource = resource_of(entry);
    ASSERT_EQ(resource.string("resourceType"), "Patient");
    expect_truth(person, patient, resource);
    elsewhere += sources()[patient.source].kind == SourceKind::kGpPractice ? 0 : 1;
    for (Alteration alteration : patient.altered) {
      ++altered[alteration];
      EXPECT_NE(sources()[patient.source].kind, SourceKind::kGpPractice);
    }
    std::string family(resource.find("name")->first->string("family"));
    bool other =
        std::count(patient.altered.begin(), patient.altered.end(), Alteration::kOtherName) > 0;
    if (sources()[patient.source].kind == SourceKind::kGpPractice) {
      families[person.index] = family;
    } else if (families.contains(person.index)) {
      EXPECT_EQ(families[person.index] != family, other);
    }
  });
  auto per_mille = [&](Alteration which) { return altered[which] * 1000 / elsewhere; };
  EXPECT_NEAR(per_mille(Alteration::kNoNhsNumber), 20, 8);
  EXPECT_NEAR(per_mille(Alteration::kInvalidNhsNumber), 5, 4);
  EXPECT_NEAR(per_mille(Alteration::kWrongBirthDate), 10, 6);
  EXPECT_NEAR(per_mille(Alteration::kOtherName), 10, 6);
}

TEST_F(Region, HoldsTheAskedTypesAndAmounts) {
  std::map<std::string, int> types;
  int64_t resources = 0;
  int64_t bytes = 0;
  constexpr int kPeople = 500;
  for_each_bundle(
      kPeople, [&](const PersonBundles&, const SourcePatient& patient, const json::Node& bundle) {
        resources += patient.resources;
        bytes += static_cast<int64_t>(patient.bundle.size());
        for (const json::Node& entry : json::children(*bundle.find("entry"))) {
          ++types[std::string(resource_of(entry).string("resourceType"))];
        }
      });
  for (const char* type : {"Patient", "Encounter", "Condition", "Observation", "AllergyIntolerance",
                           "MedicationRequest", "Immunization", "Procedure", "DiagnosticReport",
                           "DocumentReference", "CarePlan", "Appointment", "ServiceRequest",
                           "EpisodeOfCare", "QuestionnaireResponse", "Flag", "Task"}) {
    EXPECT_GT(types[type], 10) << type;
  }
  EXPECT_EQ(types.size(), 17U);
  EXPECT_NEAR(static_cast<double>(resources) / kPeople, 110, 15);
  EXPECT_NEAR(static_cast<double>(bytes) / static_cast<double>(resources), 1400, 150);
}

TEST_F(Region, NothingHappensAtOrAfterAsAt) {
  Options options{.people = 300};
  std::string end_date = to_fhir_instant(options.as_at).substr(0, 10);
  size_t moments = 0;
  for_each_bundle(options.people,
                  [&](const PersonBundles&, const SourcePatient&, const json::Node& bundle) {
                    for_each_string(bundle, "", [&](std::string_view text) {
                      auto instant = parse_fhir_instant(text);
                      if (instant) {
                        ++moments;
                        EXPECT_LT(*instant, options.as_at) << text;
                      } else if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
                        EXPECT_LT(text, end_date);
                      }
                    });
                  });
  EXPECT_GT(moments, 10000U);
}

TEST_F(Region, OnlyWomenAreWithChild) {
  size_t pregnancies = 0;
  for_each_bundle(1500, [&](const PersonBundles&, const SourcePatient&, const json::Node& bundle) {
    const json::Node& patient = resource_of(*bundle.find("entry")->first);
    for_each_string(bundle, "code", [&](std::string_view code) {
      if (code == "77386006") {
        ++pregnancies;
        EXPECT_EQ(patient.string("gender"), "female");
      }
    });
  });
  EXPECT_GT(pregnancies, 0U);
}

TEST_F(Region, AnotherDayIsPossible) {
  auto early = Generator::create({.people = 50, .as_at = {946684800000000}});
  ASSERT_TRUE(early);
  PersonBundles person;
  for (uint32_t index = 0; index < 50; ++index) {
    early->write_person(index, person);
    EXPECT_LT(person.birth_date, "2000-01-01");
    for (const SourcePatient& patient : person.patients) {
      EXPECT_TRUE(parsed(patient.bundle).root() != nullptr);
    }
  }
}

TEST_F(Region, RefusesWhatItCannotMake) {
  auto many = Generator::create({.people = kNhsNumbersMax + 1});
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().code, ErrorCode::kInvalid);
  EXPECT_NE(many.error().message.find("909091"), std::string::npos);
  EXPECT_TRUE(Generator::create({.people = kNhsNumbersMax}));
  EXPECT_FALSE(Generator::create({.people = 1, .as_at = {0}}));
  EXPECT_FALSE(Generator::create({.people = 1, .as_at = {-1}}));
}

size_t lines_in(std::string_view text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST_F(Region, WritesTheFiles) {
  MemoryFileSystem files;
  uint32_t called = 0;
  auto totals = write_region({.people = 450}, files, "out", [&](const Totals&) { ++called; });
  ASSERT_TRUE(totals) << totals.error().text();
  EXPECT_EQ(called, 450U);
  EXPECT_EQ(totals->people, 450U);
  uint64_t patients = 0;
  for (const Source& source : sources()) {
    std::string folder = "out/" + std::string(source.name);
    auto names = files.list(folder);
    ASSERT_TRUE(names);
    for (const std::string& name : *names) {
      auto text = read_file(files, folder + "/" + name, json::kBytesMax);
      ASSERT_TRUE(text);
      if (name != "organisations.json") {
        EXPECT_LE(lines_in(*text), 200U);
        patients += lines_in(*text);
      }
    }
    EXPECT_TRUE(files.exists(folder + "/patients-0001.ndjson"));
  }
  EXPECT_EQ(patients, totals->source_patients);
  auto toml = read_file(files, "out/region.toml", 1 << 20);
  ASSERT_TRUE(toml);
  EXPECT_EQ(*toml, region_toml());
  auto truth = read_file(files, "out/truth.json", 1 << 24);
  ASSERT_TRUE(truth);
  json::Document document = parsed(*truth);
  ASSERT_NE(document.root(), nullptr);
  EXPECT_EQ(document.root()->find("people")->child_count(), 450U);
}

TEST(Accounts, SameOptionsGiveTheSameBytes) {
  std::vector<CitizenAccount> citizens = {{1, "9990000018", "1950-02-03"}};
  EXPECT_EQ(accounts_json(1, citizens), accounts_json(1, citizens));
  EXPECT_NE(accounts_json(1, citizens), accounts_json(2, citizens));
  // A change here changes who can sign in to every synthetic region: mean it.
  EXPECT_EQ(hash_of(accounts_json(1, citizens)), 13415079955079826707ULL);
}

// The roles of an account as "<org_code> <R-code>", in order.
std::string posts_of(const json::Node& accounts, std::string_view name) {
  std::string posts;
  for (const json::Node& account : json::children(*accounts.find("staff"))) {
    if (account.string("account") != name) {
      continue;
    }
    for (const json::Node& role : json::children(*account.find("roles"))) {
      std::string_view code = role.string("role_code");
      posts += (posts.empty() ? "" : ", ") + std::string(role.string("org_code")) + " " +
               std::string(code.substr(code.rfind(':') + 1));
    }
  }
  return posts;
}

TEST(Accounts, EveryOrganisationHasItsStaff) {
  json::Document document = parsed(accounts_json(1, {}));
  const json::Node& root = *document.root();
  const std::vector<std::pair<std::string_view, std::string_view>> kPosts = {
      {"gp-quarry-hill-doctor", "Q99001 R8000"},
      {"gp-quarry-hill-nurse", "Q99001 R8001"},
      {"gp-quarry-hill-receptionist", "Q99001 R8009"},
      {"gp-mill-lane-doctor", "Q99002 R8000"},
      {"gp-mill-lane-nurse", "Q99002 R8001"},
      {"gp-mill-lane-receptionist", "Q99002 R8009"},
      {"trust-castle-weir-doctor", "QX1 R8000"},
      {"trust-castle-weir-nurse", "QX1 R8001"},
      {"trust-castle-weir-receptionist", "QX1 R8010"},
      {"trust-overmere-doctor", "QX2 R8000"},
      {"trust-overmere-nurse", "QX2 R8001"},
      {"trust-overmere-receptionist", "QX2 R8010"},
      {"social-care-millhaven-social-worker", "Q99 R9570"},
      {"social-care-millhaven-receptionist", "Q99 R8010"},
      {"two-hats", "Q99001 R8003, QX1 R8008"},
      {"privacy-officer", "QX1 R0001"},
  };
  for (const auto& [account, posts] : kPosts) {
    EXPECT_EQ(posts_of(root, account), posts) << account;
  }
  EXPECT_EQ(root.find("staff")->child_count(), kPosts.size());
  EXPECT_EQ(root.find("citizens")->child_count(), 0U);
  EXPECT_EQ(root.find("systems")->child_count(), kSourceCount);
  EXPECT_EQ(root.find("operators")->child_count(), 1U);
}

TEST(Accounts, IdsAreDifferentAndLeadersAreInTheData) {
  for (uint64_t seed : {1U, 2U, 2026U}) {
    json::Document document = parsed(accounts_json(seed, {}));
    std::set<std::string> ids;
    size_t wanted = 0;
    for (std::string_view name : {"nhsid_useruid", "person_roleid"}) {
      for_each_string(*document.root(), name, [&](std::string_view id) {
        EXPECT_EQ(id.size(), 12U);
        ids.insert(std::string(id));
        ++wanted;
      });
    }
    EXPECT_EQ(ids.size(), wanted);
    EXPECT_EQ(wanted, 16U + 17U);
    for (size_t source = 0; source < kSourceCount; ++source) {
      std::vector<Staff> staff = draw_staff(seed, source);
      EXPECT_TRUE(ids.contains(staff.front().user_id));
      for (size_t i = 1; i < staff.size(); ++i) {
        EXPECT_FALSE(ids.contains(staff[i].user_id));
      }
    }
  }
}

TEST_F(Region, TheFirstPeopleHaveAccounts) {
  MemoryFileSystem files;
  ASSERT_TRUE(write_region({.people = 250}, files, "out"));
  auto text = read_file(files, "out/accounts.json", 1 << 20);
  ASSERT_TRUE(text);
  json::Document document = parsed(*text);
  ASSERT_NE(document.root(), nullptr);
  const json::Node& citizens = *document.root()->find("citizens");
  ASSERT_EQ(citizens.child_count(), kCitizenAccounts + 1);
  Generator made = generator(250);
  PersonBundles person;
  uint32_t index = 0;
  for (const json::Node& citizen : json::children(citizens)) {
    bool last = index == kCitizenAccounts;
    made.write_person(last ? 0 : index, person);
    EXPECT_EQ(citizen.string("account"),
              last ? "citizen-p5" : "citizen-" + std::to_string(index + 1));
    EXPECT_EQ(citizen.string("identity_proofing_level"), last ? "P5" : "P9");
    EXPECT_EQ(citizen.string("nhs_number"), person.nhs_number);
    EXPECT_TRUE(is_valid_nhs_number(citizen.string("nhs_number")));
    EXPECT_EQ(citizen.string("birthdate"), person.birth_date);
    ++index;
  }
}

TEST_F(Region, ReplacesALargerRegion) {
  MemoryFileSystem files;
  ASSERT_TRUE(write_region({.people = 500}, files, "out"));
  ASSERT_TRUE(files.exists("out/gp-quarry-hill/patients-0002.ndjson"));
  ASSERT_TRUE(write_region({.people = 50}, files, "out"));
  EXPECT_FALSE(files.exists("out/gp-quarry-hill/patients-0002.ndjson"));
}

TEST_F(Region, DiskErrorsStopIt) {
  MemoryFileSystem files;
  files.cut_after(4);
  EXPECT_FALSE(write_region({.people = 50}, files, "out"));
}

TEST_F(Region, NobodyIsARegionToo) {
  MemoryFileSystem files;
  ASSERT_TRUE(write_region({.people = 0}, files, "out"));
  auto truth = read_file(files, "out/truth.json", 1 << 20);
  ASSERT_TRUE(truth);
  EXPECT_NE(parsed(*truth).root(), nullptr);
}

}  // namespace
}  // namespace continuum::synth
