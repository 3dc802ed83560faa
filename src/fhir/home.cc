#include "fhir/home.h"

#include <array>
#include <optional>
#include <span>

#include "base/check.h"
#include "fhir/definitions.h"
#include "fhir/reference.h"
#include "fhir/type_rows.h"

namespace continuum::fhir {
namespace {

using json::Node;

struct HomeRow {
  std::string_view type;
  std::string_view path;  // member names with dots between
};

// What R4's Patient compartment leaves out; rows of one type stand together, best first. Each
// element may name a Patient or something that has a home of its own.
constexpr HomeRow kHomeRows[] = {
    // The answer belongs with the appointment it answers.
    {"AppointmentResponse", "appointment"},
    // Its access rules are those of what it is an attachment of.
    {"Binary", "securityContext"},
    // The donor; then the order it was collected for.
    {"BiologicallyDerivedProduct", "collection.source"},
    {"BiologicallyDerivedProduct", "request"},
    // A document, message or collection is about whom its entries are about.
    {"Bundle", "entry.resource.subject"},
    {"Bundle", "entry.resource.patient"},
    {"Bundle", "entry.resource.for"},
    {"Bundle", "entry.resource.beneficiary"},
    // A claim's answer without a patient belongs with the claim.
    {"ClaimResponse", "request"},
    // Advance directives and consents to terms name whom they bind.
    {"Contract", "subject"},
    // The patient it is fixed to or used by; then the device it is a part of.
    {"Device", "patient"},
    {"Device", "parent"},
    // The device that measures; then the system it sits in.
    {"DeviceMetric", "source"},
    {"DeviceMetric", "parent"},
    // The problem is between things that were done or given to one patient.
    {"DetectedIssue", "implicated"},
    // The images or reports a document set holds, when nobody is named.
    {"DocumentManifest", "content"},
    // The document a document was made from, when nobody is named.
    {"DocumentReference", "relatesTo.target"},
    // The answer to a request names the candidate only there.
    {"EnrollmentResponse", "request"},
    // Decision support names whom it advised on, outside the compartment.
    {"GuidanceResponse", "subject"},
    // Each item is another record of the same occurrence.
    {"Linkage", "item.resource"},
    // The entries of a list without subject.
    {"List", "entry.item"},
    // What was pictured came from the order or event it is part of.
    {"Media", "partOf"},
    {"Media", "basedOn"},
    // What the message is about.
    {"MessageHeader", "focus"},
    // A sequence without patient came from a specimen.
    {"MolecularSequence", "specimen"},
    // An observation without subject was made for, or is part of, something that has one.
    {"Observation", "partOf"},
    {"Observation", "basedOn"},
    {"Observation", "specimen"},
    // The claim that was paid, or what was answered to it.
    {"PaymentNotice", "request"},
    {"PaymentNotice", "response"},
    // A payment covers claims of several patients, each named through its claim.
    {"PaymentReconciliation", "detail.request"},
    {"PaymentReconciliation", "detail.response"},
    // Where a form's answers belong when nobody is named: what they were asked for.
    {"QuestionnaireResponse", "basedOn"},
    {"QuestionnaireResponse", "partOf"},
    // A slot is a part of somebody's schedule.
    {"Slot", "schedule"},
    // A sample without subject was taken for an order, or from another sample.
    {"Specimen", "request"},
    {"Specimen", "parent"},
    // A delivery without patient fulfils a request.
    {"SupplyDelivery", "basedOn"},
    // What the task works on, when it doesn't say for whom.
    {"Task", "focus"},
    {"Task", "basedOn"},
    {"Task", "partOf"},
    // Whose data was checked.
    {"VerificationResult", "target"},
};

// Every encounter is one patient's; many types name it beside the subject.
constexpr std::array<std::string_view, 3> kEncounterPaths = {"encounter", "context",
                                                             "context.encounter"};

std::span<const HomeRow> home_rows(TypeNumber type) {
  static const RowIndex index = index_rows<HomeRow>(kHomeRows);
  return {kHomeRows + index[type].first, index[type].count};
}

// Calls `each` with every object found at the path.
template <typename Each>
void at_path(const Node& value, std::string_view path, const Each& each) {
  if (value.is_array()) {
    for (const Node& item : children(value)) {
      if (!item.is_array()) {
        at_path(item, path, each);
      }
    }
    return;
  }
  if (!value.is_object()) {
    return;
  }
  if (path.empty()) {
    each(value);
    return;
  }
  size_t dot = path.find('.');
  const Node* next = value.find(path.substr(0, dot));
  if (next != nullptr) {
    at_path(*next, dot == std::string_view::npos ? "" : path.substr(dot + 1), each);
  }
}

enum class Wanted : uint8_t {
  kMaybePatient,  // names a Patient, or doesn't say what
  kOtherHomed,    // names another type that may have a home
};

bool is_wanted(std::optional<TypeNumber> type, Wanted wanted) {
  static const TypeNumber group = *type_number("Group");
  if (!type || *type == kPatientType) {
    return wanted == Wanted::kMaybePatient;
  }
  return wanted == Wanted::kOtherHomed && !is_shared_type(*type) && *type != group;
}

// Each function is one stage, and tells whether it reported any.
class Candidates {
 public:
  Candidates(const Node& resource, const std::function<void(std::string_view)>& report)
      : resource_(resource), report_(report) {}

  using Compartment = std::span<const definitions::CompartmentRow>;

  // SAFETY: somebody is named, but by no reference that could be followed: who else the resource
  // names is then not whom it is about.
  bool is_about_somebody_unknown(Compartment rows) const {
    bool unknown = false;
    for (const definitions::CompartmentRow& row : rows) {
      if (row.about) {
        at_path(resource_, row.path,
                [&](const Node& value) { unknown = unknown || names_somebody_unknown(value); });
      }
    }
    return unknown;
  }

  bool about(Compartment rows) {
    for (const definitions::CompartmentRow& row : rows) {
      if (row.about) {
        at_either(row.path);
      }
    }
    return any_;
  }

  bool others(Compartment rows) {
    for (const definitions::CompartmentRow& row : rows) {
      if (!row.about) {
        at(row.path, Wanted::kMaybePatient);
      }
    }
    return any_;
  }

  bool left_out(std::span<const HomeRow> rows) {
    for (const HomeRow& row : rows) {
      at_either(row.path);
    }
    return any_;
  }

  bool encounter() {
    for (std::string_view path : kEncounterPaths) {
      at_either(path);
    }
    return any_;
  }

 private:
  static bool names_somebody_unknown(const Node& value) {
    static const TypeNumber group = *type_number("Group");
    std::string_view text = value.string("reference");
    std::optional<TypeNumber> type = parse_reference(text).type;
    type = type ? type : type_number(value.string("type"));
    bool is_named =
        !text.empty() || value.find("identifier") != nullptr || value.find("display") != nullptr;
    return is_named && (!type || *type == kPatientType || *type == group);
  }

  void at_either(std::string_view path) {
    at(path, Wanted::kMaybePatient);
    at(path, Wanted::kOtherHomed);
  }

  void at(std::string_view path, Wanted wanted) {
    at_path(resource_, path, [&](const Node& reference) {
      std::string_view text = reference.string("reference");
      if (text.empty()) {
        return;
      }
      std::optional<TypeNumber> type = parse_reference(text).type;
      type = type ? type : type_number(reference.string("type"));
      if (is_wanted(type, wanted)) {
        any_ = true;
        report_(text);
      }
    });
  }

  const Node& resource_;
  const std::function<void(std::string_view)>& report_;
  bool any_ = false;
};

}  // namespace

void patient_candidates(TypeNumber type, const Node& resource,
                        const std::function<void(std::string_view)>& report) {
  if (type == kPatientType || is_shared_type(type)) {
    return;
  }
  CHECK(type < definitions::kTypeCount);
  const definitions::TypeRow& row = definitions::kTypes[type];
  std::span<const definitions::CompartmentRow> compartment{
      definitions::kCompartment + row.compartment_first, row.compartment_count};
  Candidates candidates(resource, report);
  if (candidates.about(compartment)) {
    return;
  }
  if (candidates.is_about_somebody_unknown(compartment)) {
    candidates.encounter();
    return;
  }
  static_cast<void>(candidates.others(compartment) || candidates.left_out(home_rows(type)) ||
                    candidates.encounter());
}

}  // namespace continuum::fhir
