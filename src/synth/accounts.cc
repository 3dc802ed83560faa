#include "synth/accounts.h"

#include <array>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "synth/bundle_writer.h"
#include "synth/draw.h"
#include "synth/sources.h"

namespace continuum::synth {
namespace {

// A job role of the National RBAC database: staff group, sub-group, role; and activities.
struct JobRole {
  std::string_view code;
  std::string_view name;
  std::string_view activities;  // the inside of a JSON array
};

constexpr JobRole kPractitioner{"S8000:G8000:R8000", "Clinical Practitioner Access Role",
                                R"("B0370")"};
constexpr JobRole kNurse{"S8000:G8000:R8001", "Nurse Access Role", R"("B0370")"};
constexpr JobRole kHealthProfessional{"S8000:G8000:R8003", "Health Professional Access Role",
                                      R"("B0370")"};
constexpr JobRole kSocialWorker{"S8000:G8000:R9570", "Senior social worker (adults)", R"("B0370")"};
constexpr JobRole kClinicalSupport{"S8001:G8002:R8008", "Admin/Clinical Support Access Role", ""};
constexpr JobRole kReceptionist{"S8002:G8003:R8009", "Receptionist Access Role", ""};
constexpr JobRole kClerk{"S8002:G8003:R8010", "Clerical Access Role", ""};
// Who is told of self-claimed relationships and of emergency views.
constexpr JobRole kPrivacyOfficer{"S8002:G8003:R0001", "Privacy Officer", R"("B0015","B0016")"};

struct Post {
  const JobRole* role;
  SourceNumber source;
};

// User ids of a source's drawn staff stay below this; those of people made up here start at it.
constexpr int64_t kFirstOwnUserId = 900000;
constexpr int64_t kFirstUserId = 555000000000;
constexpr int64_t kFirstRoleId = 556000000000;
constexpr int64_t kIdsOfSource = 1000000;

class StaffWriter {
 public:
  StaffWriter(std::string& out, uint64_t seed) : out_(out), seed_(seed), random_(seed ^ 0xACC0) {}

  // The person who leads the source.
  void leader(std::string_view account, Post post) {
    Staff first = draw_staff(seed_, post.source).front();
    write(account, first.display, first.user_id, {&post, 1});
  }

  // Somebody who is in no organisations.json.
  void other(std::string_view account, std::span<const Post> posts) {
    const NamePool& pool = pick(random_, name_pools());
    bool woman = chance(random_, 500);
    std::string name(pick(random_, woman ? pool.women : pool.men));
    cat(name, " ", pick(random_, pool.families));
    write(account, name, std::to_string(kFirstUserId + id_within(posts.front().source)), posts);
  }
  void other(std::string_view account, Post post) { other(account, {&post, 1}); }

 private:
  int64_t id_within(SourceNumber source) {
    return static_cast<int64_t>(source) * kIdsOfSource + kFirstOwnUserId + written_;
  }

  void write(std::string_view account, std::string_view name, std::string_view user_id,
             std::span<const Post> posts) {
    cat(out_, written_ == 0 ? "\n" : ",\n", R"({"account":")", account, R"(","name":")", name,
        R"(","nhsid_useruid":")", user_id, R"(","roles":[)");
    for (const Post& post : posts) {
      cat(out_, &post == posts.data() ? "" : ",", R"({"person_roleid":")",
          std::to_string(kFirstRoleId + id_within(post.source)), R"(","org_code":")",
          sources()[post.source].ods_code, R"(","role_name":")", post.role->name,
          R"(","role_code":")", post.role->code, R"(","activity_codes":[)", post.role->activities,
          R"(],"workgroups_codes":[]})");
    }
    out_ += "]}";
    ++written_;
  }

  std::string& out_;
  uint64_t seed_;
  SeededRandom random_;
  int64_t written_ = 0;
};

void write_source_staff(StaffWriter& staff, SourceNumber number) {
  const Source& source = sources()[number];
  std::string name(source.name);
  switch (source.kind) {
    case SourceKind::kGpPractice:
      staff.leader(name + "-doctor", {&kPractitioner, number});
      staff.other(name + "-nurse", {&kNurse, number});
      staff.other(name + "-receptionist", {&kReceptionist, number});
      return;
    case SourceKind::kAcuteTrust:
      staff.leader(name + "-doctor", {&kPractitioner, number});
      staff.other(name + "-nurse", {&kNurse, number});
      staff.other(name + "-receptionist", {&kClerk, number});
      return;
    case SourceKind::kSocialCare:
      staff.leader(name + "-social-worker", {&kSocialWorker, number});
      staff.other(name + "-receptionist", {&kClerk, number});
      return;
  }
}

void append_citizen(std::string& out, std::string_view account, const CitizenAccount& citizen,
                    std::string_view level) {
  cat(out, R"({"account":")", account, R"(","nhs_number":")", citizen.nhs_number,
      R"(","identity_proofing_level":")", level, R"(","birthdate":")", citizen.birth_date, "\"}");
}

void append_citizens(std::string& out, std::span<const CitizenAccount> citizens) {
  for (const CitizenAccount& citizen : citizens) {
    cat(out, &citizen == citizens.data() ? "\n" : ",\n");
    append_citizen(out, "citizen-" + std::to_string(citizen.person), citizen, "P9");
  }
  if (!citizens.empty()) {
    out += ",\n";
    append_citizen(out, "citizen-p5", citizens.front(), "P5");
  }
}

}  // namespace

std::string accounts_json(uint64_t seed, std::span<const CitizenAccount> citizens) {
  std::string out = R"({"staff":[)";
  StaffWriter staff(out, seed);
  for (SourceNumber source : {kGpOne, kGpTwo, kTrustOne, kTrustTwo, kSocialCareOne}) {
    write_source_staff(staff, source);
  }
  staff.other("two-hats",
              std::array{Post{&kHealthProfessional, kGpOne}, Post{&kClinicalSupport, kTrustOne}});
  staff.other("privacy-officer", {&kPrivacyOfficer, kTrustOne});
  out += "\n],\"citizens\":[";
  append_citizens(out, citizens);
  out += "\n],\"systems\":[";
  for (const Source& source : sources()) {
    cat(out, &source == sources().data() ? "\n" : ",\n", R"({"client_id":")", source.name,
        R"(","source":")", source.name, "\"}");
  }
  out += "\n],\"operators\":[\n{\"client_id\":\"region-operator\"}\n]}\n";
  return out;
}

}  // namespace continuum::synth
