// Which types may be stored for everyone, without a patient.
//
// SAFETY: this is the only list that lets a resource be seen without a relationship to a patient.
// A type is here only when R4 gives it no element that names a patient. Administrative types that
// name none but say who was treated, sent or paid for (Schedule, Slot, PaymentNotice, Subscription,
// OperationOutcome, Parameters, TestReport...) are left out: what is not here fails closed.
#include <array>
#include <bitset>

#include "base/check.h"
#include "fhir/types.h"

namespace continuum::fhir {
namespace {

constexpr std::string_view kSharedTypes[] = {
    // Who provides care, where, and how to reach them: the directory every record points into.
    "Endpoint",
    "HealthcareService",
    "InsurancePlan",
    // Places of care. R4 lets a patient's home be one too, but names no patient in it, and records
    // of all patients point to Locations.
    "Location",
    "Organization",
    "OrganizationAffiliation",
    "Practitioner",
    "PractitionerRole",

    // What medicines, substances and devices are: catalogue entries, not those given to a patient.
    "CatalogEntry",
    "DeviceDefinition",  // the model; the Device itself names its patient and is not here
    "Medication",
    "MedicationKnowledge",
    "MedicinalProduct",
    "MedicinalProductAuthorization",
    "MedicinalProductContraindication",
    "MedicinalProductIndication",
    "MedicinalProductIngredient",
    "MedicinalProductInteraction",
    "MedicinalProductManufactured",
    "MedicinalProductPackaged",
    "MedicinalProductPharmaceutical",
    "MedicinalProductUndesirableEffect",
    "Substance",
    "SubstanceNucleicAcid",
    "SubstancePolymer",
    "SubstanceProtein",
    "SubstanceReferenceInformation",
    "SubstanceSourceMaterial",
    "SubstanceSpecification",

    // Terminology: the meaning of codes.
    "CodeSystem",
    "ConceptMap",
    "NamingSystem",
    "TerminologyCapabilities",
    "ValueSet",

    // Conformance: the shape of data and of servers.
    "CapabilityStatement",
    "CompartmentDefinition",
    "ExampleScenario",
    "GraphDefinition",
    "ImplementationGuide",
    "MessageDefinition",
    "OperationDefinition",
    "SearchParameter",
    "StructureDefinition",
    "StructureMap",
    "TestScript",

    // Definitions of care, forms, measures, prices and evidence, for any patient.
    "ActivityDefinition",
    "ChargeItemDefinition",
    "EffectEvidenceSynthesis",
    "EventDefinition",
    "Evidence",
    "EvidenceVariable",
    "Library",
    "Measure",  // the definition; MeasureReport has subjects and is not here
    "ObservationDefinition",
    "PlanDefinition",
    "Questionnaire",  // the form; QuestionnaireResponse is not here
    "ResearchDefinition",
    "ResearchElementDefinition",
    "ResearchStudy",  // the protocol; ResearchSubject is not here
    "RiskEvidenceSynthesis",
    "SpecimenDefinition",
};

using Flags = std::bitset<256>;

Flags make_flags() {
  Flags flags;
  for (std::string_view name : kSharedTypes) {
    std::optional<TypeNumber> type = type_number(name);
    CHECK(type.has_value());
    flags.set(*type);
  }
  return flags;
}

}  // namespace

bool is_shared_type(TypeNumber type) {
  static const Flags flags = make_flags();
  return flags.test(type);
}

}  // namespace continuum::fhir
