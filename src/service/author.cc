#include "service/author.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "access/legitimate_relationships.h"
#include "base/check.h"
#include "fhir/reference.h"
#include "record/canonical.h"

namespace continuum::service {
namespace {

using access::PrincipalKind;
using json::Node;

enum class Meaning : uint8_t {
  kAuthor,   // must be there: filled in
  kVoucher,  // may be there: names the caller
  kKeeper,   // may be there: names the organisation of the caller
  kLabel,    // may not be there
};

struct ElementRow {
  std::string_view type;
  std::string_view member;
  Meaning meaning;
  bool repeats = false;
  std::string_view inner = {};  // where the reference is a member of it
};

// Rows of one type stand together.
constexpr ElementRow kElements[] = {
    {"CarePlan", "author", Meaning::kAuthor},
    {"CarePlan", "contributor", Meaning::kVoucher, true},
    {"Composition", "author", Meaning::kAuthor, true},
    {"Composition", "attester", Meaning::kVoucher, true, "party"},
    {"Composition", "custodian", Meaning::kKeeper},
    {"Composition", "confidentiality", Meaning::kLabel},
    {"DocumentReference", "author", Meaning::kAuthor, true},
    {"DocumentReference", "authenticator", Meaning::kVoucher},
    {"DocumentReference", "custodian", Meaning::kKeeper},
    {"DocumentReference", "securityLabel", Meaning::kLabel, true},
    {"Flag", "author", Meaning::kAuthor},
    {"Observation", "performer", Meaning::kAuthor, true},
    {"QuestionnaireResponse", "author", Meaning::kAuthor},
    {"QuestionnaireResponse", "source", Meaning::kVoucher},
    {"Task", "requester", Meaning::kAuthor},
};

// Of meta: what readers were given may be sent back; canonical() replaces it.
constexpr std::array<std::string_view, 4> kMetaMembers = {"versionId", "lastUpdated", "profile",
                                                          "extension"};
// Anywhere: they change what the rest means, bring resources that are not looked at, or say that
// somebody signed.
constexpr std::array<std::string_view, 5> kRefusedMembers = {
    "contained", "implicitRules", "modifierExtension", "valueContributor", "valueSignature"};
// Of a Composition's section: as those who vouch for it.
constexpr ElementRow kSectionAuthor{"Composition", "section.author", Meaning::kVoucher, true};
// What a citizen asks for, others decide on.
constexpr std::array<std::string_view, 2> kCitizenTaskStates = {"requested", "cancelled"};
constexpr std::string_view kCitizenTaskIntent = "proposal";

template <size_t kCount>
bool holds(const std::array<std::string_view, kCount>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

bool has_only(const Node& node, std::initializer_list<std::string_view> members) {
  if (!node.is_object()) {
    return false;
  }
  for (const Node& member : json::children(node)) {
    if (std::find(members.begin(), members.end(), member.key) == members.end()) {
      return false;
    }
  }
  return true;
}

bool is_of_type(const Node& reference, std::string_view type) {
  return reference.find("type") == nullptr || reference.string("type") == type;
}

bool has_identifier(const Node& reference, std::string_view system, std::string_view value) {
  const Node* identifier = reference.find("identifier");
  return has_only(reference, {"identifier", "type"}) && identifier != nullptr &&
         has_only(*identifier, {"system", "value"}) && identifier->string("system") == system &&
         identifier->string("value") == value && !value.empty();
}

// Type/id of this store, without a version.
std::string_view id_of_patient(std::string_view text, std::string_view base_url) {
  fhir::ParsedReference parsed = fhir::parse_reference(text);
  bool is_here = parsed.kind == fhir::ReferenceKind::kRelative ||
                 (parsed.kind == fhir::ReferenceKind::kAbsolute && parsed.base == base_url);
  return is_here && parsed.version.empty() && *parsed.type == fhir::kPatientType
             ? parsed.id
             : std::string_view();
}

bool names_author(const Author& author, const Authored& about, const Node& reference) {
  if (author.kind == PrincipalKind::kStaff) {
    return has_identifier(reference, kStaffIdSystem, author.user_id) &&
           is_of_type(reference, "Practitioner");
  }
  return has_only(reference, {"reference", "type"}) && is_of_type(reference, "Patient") &&
         !about.patient.empty() &&
         id_of_patient(reference.string("reference"), about.base_url) == about.patient;
}

bool names_organisation(const Author& author, const Node& reference) {
  return author.kind == PrincipalKind::kStaff &&
         has_identifier(reference, access::kOdsCodeSystem, author.organisation) &&
         is_of_type(reference, "Organization");
}

tl::unexpected<Error> refuse(std::string_view type, std::string_view element,
                             std::string_view message, std::string_view mend) {
  return fail(ErrorCode::kForbidden, std::string(message),
              {{std::string(type) + "." + std::string(element), std::string(mend)}});
}

// What the element holds, one by one; the references themselves.
template <typename Each>
bool all_of(const ElementRow& row, const Node& value, const Each& each) {
  auto passes = [&](const Node& item) {
    const Node* reference = row.inner.empty() ? &item : item.find(row.inner);
    return reference == nullptr || each(*reference);
  };
  if (!value.is_array()) {
    return passes(value);
  }
  for (const Node& item : json::children(value)) {
    if (!passes(item)) {
      return false;
    }
  }
  return true;
}

// By the caller, and beside them perhaps for their organisation.
bool is_written_by(const Author& author, const Authored& about, const ElementRow& row,
                   const Node& value) {
  bool is_named = false;
  return all_of(row, value,
                [&](const Node& reference) {
                  bool is_author = names_author(author, about, reference);
                  is_named = is_named || is_author;
                  return is_author || names_organisation(author, reference);
                }) &&
         is_named;
}

Node& name_of(const Author& author, const Authored& about, std::string_view key,
              json::Document& document) {
  Node& reference = *document.make_object(key);
  bool is_staff = author.kind == PrincipalKind::kStaff;
  if (!is_staff) {
    json::Document::append(
        reference, *document.make_string("reference", "Patient/" + std::string(about.patient)));
    return reference;
  }
  json::Document::append(reference, *document.make_string("type", "Practitioner"));
  Node& identifier = *document.make_object("identifier");
  json::Document::append(identifier, *document.make_string("system", kStaffIdSystem));
  json::Document::append(identifier, *document.make_string("value", author.user_id));
  json::Document::append(reference, identifier);
  return reference;
}

void fill_in(const Author& author, const Authored& about, const ElementRow& row,
             json::Document& document, Node& resource) {
  if (!row.repeats) {
    json::Document::append(resource, name_of(author, about, row.member, document));
    return;
  }
  Node& list = *document.make_array(row.member);
  json::Document::append(list, name_of(author, about, {}, document));
  json::Document::append(resource, list);
}

Status check_element(const Author& author, const Authored& about, const ElementRow& row,
                     const Node& value) {
  switch (row.meaning) {
    case Meaning::kAuthor:
      if (!is_written_by(author, about, row, value)) {
        return refuse(row.type, row.member, "the author of what you write is you",
                      author.kind == PrincipalKind::kStaff
                          ? "leave it out, and it is filled in; or name yourself by the identifier "
                            "of your user id, and nothing else"
                          : "leave it out, and it is filled in; or name yourself by the reference "
                            "to the patient, and nothing else");
      }
      return {};
    case Meaning::kVoucher:
      if (!is_written_by(author, about, row, value)) {
        return refuse(row.type, row.member, "nobody but you can vouch for what you write",
                      "name yourself as in its author, or leave it out");
      }
      return {};
    case Meaning::kKeeper:
      if (!all_of(row, value,
                  [&](const Node& reference) { return names_organisation(author, reference); })) {
        return refuse(row.type, row.member, "what you write is kept by your organisation",
                      "name it by its ODS code as an identifier, or leave it out");
      }
      return {};
    case Meaning::kLabel:
      return refuse(row.type, row.member, "you may not set security labels yet", "leave it out");
  }
  CHECK(false);
}

// SAFETY: all of meta but what the server sets anew, and profiles, which change nothing here.
Status check_meta(std::string_view type, const Node& resource) {
  const Node* meta = resource.find("meta");
  if (meta == nullptr) {
    return {};
  }
  for (const Node& member : json::children(*meta)) {
    std::string element = "meta." + std::string(member.key);
    if (!holds(kMetaMembers, member.key)) {
      return refuse(type, element, "you may not set that element", "leave it out");
    }
    if (member.key != "extension") {
      continue;
    }
    for (const Node& extension : json::children(member)) {
      if (extension.string("url") != record::kSourceExtension) {
        return refuse(type, element, "you may not set that element", "leave it out");
      }
    }
  }
  return {};
}

// SAFETY: no second patient: it would be found as theirs, and could be read as about them.
Status check_patient(const Authored& about, const Node& reference) {
  std::string_view type = fhir::type_name(about.type);
  std::string_view patient = id_of_patient(reference.string("reference"), about.base_url);
  if (patient.empty()) {
    return {};
  }
  if (reference.find("identifier") != nullptr) {
    return refuse(type, reference.key, "a patient is named in two ways, which may be two people",
                  "name the patient by reference alone");
  }
  if (!about.patient.empty() && patient != about.patient) {
    return refuse(type, reference.key, "what you write names one patient", "leave the other out");
  }
  return {};
}

Status check_member(const Author& author, const Authored& about, const Node& member) {
  std::string_view type = fhir::type_name(about.type);
  if (holds(kRefusedMembers, member.key)) {
    return refuse(type, member.key, "you may not set that element", "leave it out");
  }
  bool is_forged = member.key == "authorString" ||
                   (member.key == "authorReference" && !names_author(author, about, member));
  if (is_forged) {
    return refuse(type, "note", "the author of your note is you",
                  "name yourself by authorReference as in the resource's author, or leave it out");
  }
  return check_patient(about, member);
}

// Below the elements of the resource itself. Depth is bounded by that of the document.
Status check_inside(const Author& author, const Authored& about, const Node& node) {
  for (const Node& child : json::children(node)) {
    if (child.key == "author") {
      TRY(check_element(author, about, kSectionAuthor, child));
    }
    TRY(check_member(author, about, child));
    TRY(check_inside(author, about, child));
  }
  return {};
}

Status check_members(const Author& author, const Authored& about, const Node& resource) {
  for (const Node& child : json::children(resource)) {
    TRY(check_member(author, about, child));
    TRY(check_inside(author, about, child));
  }
  return {};
}

Status check_citizen_task(const Node& task) {
  if (!holds(kCitizenTaskStates, task.string("status"))) {
    return refuse("Task", "status", "what becomes of a request is for others to say",
                  "expected requested or cancelled");
  }
  if (task.string("intent") != kCitizenTaskIntent) {
    return refuse("Task", "intent", "you may ask, not order", "expected proposal");
  }
  return {};
}

}  // namespace

std::optional<Author> author_of(const access::Principal& principal) {
  switch (principal.kind) {
    case PrincipalKind::kStaff:
      return Author{principal.kind, principal.subject, principal.organisation};
    case PrincipalKind::kCitizen:
      return Author{principal.kind, {}, {}};
    case PrincipalKind::kSystem:
    case PrincipalKind::kOperator:
      return std::nullopt;
  }
  CHECK(false);
}

std::optional<std::string> patient_named(fhir::TypeNumber type, const Node& resource,
                                         std::string_view base_url) {
  const Node* about = resource.find(fhir::type_name(type) == "Task" ? "for" : "subject");
  std::string_view id =
      about == nullptr ? std::string_view() : id_of_patient(about->string("reference"), base_url);
  return id.empty() ? std::nullopt : std::optional(std::string(id));
}

Result<Filled> complete(const Author& author, const Authored& about, json::Document& document,
                        Node& resource) {
  std::string_view type = fhir::type_name(about.type);
  TRY(check_meta(type, resource));
  TRY(check_members(author, about, resource));
  Filled filled = Filled::kNothing;
  for (const ElementRow& row : kElements) {
    if (row.type != type) {
      continue;
    }
    const Node* value = resource.find(row.member);
    if (value != nullptr) {
      TRY(check_element(author, about, row, *value));
    } else if (row.meaning == Meaning::kAuthor) {
      fill_in(author, about, row, document, resource);
      filled = Filled::kAuthor;
    }
  }
  if (author.kind == PrincipalKind::kCitizen && type == "Task") {
    TRY(check_citizen_task(resource));
  }
  return filled;
}

namespace {

const ElementRow* author_row(fhir::TypeNumber type) {
  for (const ElementRow& row : kElements) {
    if (row.type == fhir::type_name(type) && row.meaning == Meaning::kAuthor) {
      return &row;
    }
  }
  return nullptr;
}

}  // namespace

bool is_by(const Author& author, const Authored& about, const Node& resource) {
  const ElementRow* row = author_row(about.type);
  const Node* value = row == nullptr ? nullptr : resource.find(row->member);
  return value != nullptr && is_written_by(author, about, *row, *value);
}

std::string_view staff_named(fhir::TypeNumber type, const Node& resource) {
  const ElementRow* row = author_row(type);
  const Node* value = row == nullptr ? nullptr : resource.find(row->member);
  std::string_view found;
  if (value != nullptr) {
    all_of(*row, *value, [&](const Node& reference) {
      const Node* identifier = reference.find("identifier");
      if (identifier != nullptr && identifier->string("system") == kStaffIdSystem) {
        found = identifier->string("value");
      }
      return found.empty();
    });
  }
  return found;
}

}  // namespace continuum::service
