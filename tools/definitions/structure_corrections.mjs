// Where the package departs from R4 4.0.1 as published: its own additions, and elements of later
// versions. structures.test.mjs compares the outcome with the published definitions. A line that
// changes nothing stops the build.
import { fail } from './input.mjs';
import { structures } from './structures.mjs';

// Elements, with all below them, that R4 does not define.
const REMOVED = [
  // The package's own.
  'Meta.project',
  'Meta.author',
  'Meta.onBehalfOf',
  'Meta.account',
  'Meta.accounts',
  'Meta.compartment',
  'Binary.url',
  // Of later versions of FHIR.
  'DeviceDefinition.classification',
  'DeviceDefinition.bodySite',
  'EvidenceVariable.characteristic.linkId',
  'EvidenceVariable.characteristic.note',
  'EvidenceVariable.characteristic.definitionReference',
  'EvidenceVariable.characteristic.definitionCanonical',
  'EvidenceVariable.characteristic.definitionCodeableConcept',
  'EvidenceVariable.characteristic.definitionExpression',
  'EvidenceVariable.characteristic.definitionId',
  'EvidenceVariable.characteristic.definitionByTypeAndValue',
  'EvidenceVariable.characteristic.definitionByCombination',
  'EvidenceVariable.characteristic.instances[x]',
  'EvidenceVariable.characteristic.duration[x]',
  'EvidenceVariable.characteristic.timeFromEvent',
  'ObservationDefinition.publisher',
  'ResearchStudy.name',
  'ResearchStudy.label',
  'ResearchStudy.studyDesign',
  'ResearchStudy.region',
  'ResearchStudy.descriptionSummary',
  'ResearchStudy.classifier',
  'ResearchStudy.associatedParty',
  'ResearchStudy.progressStatus',
  'ResearchStudy.whyStopped',
  'ResearchStudy.recruitment',
  'ResearchStudy.comparisonGroup',
  'ResearchStudy.objective.description',
  'ResearchStudy.outcomeMeasure',
  'ResearchStudy.result',
];

const PROFILES = 'http://hl7.org/fhir/StructureDefinition/';
const to = (code, ...types) => ({ code, targetProfile: types.map((type) => PROFILES + type) });
const reference = (...types) => to('Reference', ...types);
const plain = (...codes) => codes.map((code) => ({ code }));
const optional = (type) => ({ min: 0, max: '1', type });

// Elements as R4 has them.
const SET = {
  'AuditEvent.source.observer': {
    type: [reference('PractitionerRole', 'Practitioner', 'Organization', 'Device', 'Patient',
      'RelatedPerson')],
  },
  'Bundle.entry.response.outcome': { type: plain('Resource') },
  'DetectedIssue.status': {
    binding: {
      strength: 'required',
      valueSet: 'http://hl7.org/fhir/ValueSet/observation-status',
    },
  },
  'EvidenceVariable.characteristic': { min: 1 },
  'EvidenceVariable.characteristic.description': { type: plain('string') },
  'EvidenceVariable.characteristic.definition[x]': {
    min: 1,
    max: '1',
    type: [
      reference('Group'),
      to('canonical', 'ActivityDefinition'),
      ...plain('CodeableConcept', 'Expression', 'DataRequirement', 'TriggerDefinition'),
    ],
  },
  'EvidenceVariable.characteristic.usageContext': { min: 0, max: '*', type: plain('UsageContext') },
  'EvidenceVariable.characteristic.participantEffective[x]':
    optional(plain('dateTime', 'Period', 'Duration', 'Timing')),
  'EvidenceVariable.characteristic.timeFromStart': optional(plain('Duration')),
  'EvidenceVariable.characteristic.groupMeasure': {
    ...optional(plain('code')),
    binding: { strength: 'required', valueSet: 'http://hl7.org/fhir/ValueSet/group-measure' },
  },
  'MeasureReport.subject': {
    type: [reference('Patient', 'Practitioner', 'PractitionerRole', 'Location', 'Device',
      'RelatedPerson', 'Group')],
  },
  'ResearchStudy.site': { type: [reference('Location')] },
};

const elementsOf = (path) => structures.get(path.split('.')[0]).elements;

// type -> Map path -> element, as published.
export const corrected = new Map();
for (const [name, structure] of structures) {
  corrected.set(name, { ...structure, elements: new Map(structure.elements) });
}
for (const path of REMOVED) {
  const { elements } = corrected.get(path.split('.')[0]);
  const gone = [...elements.keys()].filter((p) => p === path || p.startsWith(`${path}.`));
  if (gone.length === 0) {
    fail(`structure corrections: there is no ${path} to remove`);
  }
  gone.forEach((p) => elements.delete(p));
}
for (const [path, fields] of Object.entries(SET)) {
  const before = elementsOf(path).get(path) ?? { path };
  const after = { ...before, ...fields };
  if (JSON.stringify(before) === JSON.stringify(after)) {
    fail(`structure corrections: ${path} needs none`);
  }
  corrected.get(path.split('.')[0]).elements.set(path, after);
}
