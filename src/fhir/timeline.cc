#include "fhir/timeline.h"

#include <array>

#include "base/check.h"
#include "fhir/type_rows.h"

namespace continuum::fhir {
namespace {

struct TimelineRow {
  std::string_view type;
  std::string_view code;
};

// Clinical time first; the time of recording or sending only where R4 has no better parameter, or
// behind it. Types that say what is, not what happened (Coverage, Device...), have no row.
constexpr TimelineRow kTimelineRows[] = {
    {"Account", "period"},
    {"AdverseEvent", "date"},
    {"AllergyIntolerance", "date"},  // recorded: its onset has no parameter of its own
    {"AllergyIntolerance", "onset"},
    {"AllergyIntolerance", "last-date"},
    {"Appointment", "date"},
    {"AuditEvent", "date"},
    {"Basic", "created"},
    {"Bundle", "timestamp"},
    {"CarePlan", "date"},
    {"CarePlan", "activity-date"},
    {"CareTeam", "date"},
    {"ChargeItem", "occurrence"},
    {"ChargeItem", "entered-date"},
    {"Claim", "created"},
    {"ClaimResponse", "created"},
    {"ClinicalImpression", "date"},
    {"Communication", "sent"},
    {"Communication", "received"},
    {"CommunicationRequest", "occurrence"},
    {"CommunicationRequest", "authored"},
    {"Composition", "period"},
    {"Composition", "date"},
    {"Condition", "onset-date"},
    {"Condition", "recorded-date"},
    {"Consent", "date"},
    {"Contract", "issued"},
    {"CoverageEligibilityRequest", "created"},
    {"CoverageEligibilityResponse", "created"},
    {"DetectedIssue", "identified"},
    {"DeviceRequest", "event-date"},
    {"DeviceRequest", "authored-on"},
    {"DiagnosticReport", "date"},
    {"DiagnosticReport", "issued"},
    {"DocumentManifest", "created"},
    {"DocumentReference", "period"},
    {"DocumentReference", "date"},
    {"Encounter", "date"},
    {"EpisodeOfCare", "date"},
    {"ExplanationOfBenefit", "created"},
    {"FamilyMemberHistory", "date"},
    {"Flag", "date"},
    {"Goal", "start-date"},
    {"Goal", "target-date"},
    {"ImagingStudy", "started"},
    {"Immunization", "date"},
    {"ImmunizationEvaluation", "date"},
    {"ImmunizationRecommendation", "date"},
    {"Invoice", "date"},
    {"List", "date"},
    {"MeasureReport", "period"},
    {"MeasureReport", "date"},
    {"Media", "created"},
    {"MedicationAdministration", "effective-time"},
    {"MedicationDispense", "whenhandedover"},
    {"MedicationDispense", "whenprepared"},
    {"MedicationRequest", "authoredon"},
    {"MedicationStatement", "effective"},
    {"NutritionOrder", "datetime"},
    {"Observation", "date"},
    {"PaymentNotice", "created"},
    {"PaymentReconciliation", "created"},
    {"Procedure", "date"},
    {"Provenance", "when"},
    {"Provenance", "recorded"},
    {"QuestionnaireResponse", "authored"},
    {"RequestGroup", "authored"},
    {"ResearchSubject", "date"},
    {"RiskAssessment", "date"},
    {"Schedule", "date"},
    {"ServiceRequest", "occurrence"},
    {"ServiceRequest", "authored"},
    {"Slot", "start"},
    {"Specimen", "collected"},
    {"SupplyRequest", "date"},
    {"Task", "period"},
    {"Task", "authored-on"},
    {"Task", "modified"},
    {"TestReport", "issued"},
    {"VisionPrescription", "datewritten"},
};

struct Timeline {
  std::array<ParameterNumber, std::size(kTimelineRows)> parameters{};
  RowIndex index{};
};

Timeline make_timeline() {
  Timeline timeline;
  timeline.index = index_rows<TimelineRow>(kTimelineRows);
  for (size_t i = 0; i < std::size(kTimelineRows); ++i) {
    const TimelineRow& row = kTimelineRows[i];
    const Parameter* found = parameter(*type_number(row.type), row.code);
    CHECK(found != nullptr && found->kind == ParameterKind::kDate);
    timeline.parameters[i] = number_of(*found);
  }
  return timeline;
}

}  // namespace

std::span<const ParameterNumber> timeline_parameters(TypeNumber type) {
  static const Timeline timeline = make_timeline();
  const Rows& rows = timeline.index[type];
  return {timeline.parameters.data() + rows.first, rows.count};
}

}  // namespace continuum::fhir
