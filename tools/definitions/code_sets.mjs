// The codes of the value sets that elements are bound to with strength "required".
import { fail, resources } from './input.mjs';

// Value sets whose codes are not shipped, each with the reason. A line that is not used stops the
// build.
const UNCHECKED = {
  'http://hl7.org/fhir/ValueSet/mimetypes': 'BCP 13: an open registry',
  'http://hl7.org/fhir/ValueSet/currencies': 'ISO 4217: not ours to ship',
  'http://hl7.org/fhir/ValueSet/ucum-units': 'UCUM: a grammar, not a list',
  'http://hl7.org/fhir/ValueSet/units-of-time': 'UCUM: not shipped',
  'http://loinc.org/vs/LL379-9': 'LOINC: not shipped',
};
const SYSTEMS = ['http://hl7.org/fhir/', 'http://terminology.hl7.org/CodeSystem/'];
const CODES_MAX = 400;

const valueSets = new Map();
const codeSystems = new Map();
for (const file of ['valuesets.json', 'v3-codesystems.json']) {
  for (const resource of resources(file)) {
    if (resource.resourceType === 'ValueSet') {
      valueSets.set(resource.url, resource);
    } else if (resource.resourceType === 'CodeSystem') {
      codeSystems.set(resource.url, resource);
    }
  }
}

function allCodes(concepts) {
  return (concepts ?? []).flatMap((concept) => [concept.code, ...allCodes(concept.concept)]);
}

function includedCodes(url, { system, concept, filter, valueSet }) {
  const codeSystem = codeSystems.get(system);
  if (!SYSTEMS.some((prefix) => system?.startsWith(prefix)) || filter || valueSet ||
      codeSystem?.content !== 'complete') {
    fail(`the codes of ${url} cannot be listed`);
  }
  const known = allCodes(codeSystem.concept);
  const codes = concept?.map(({ code }) => code) ?? known;
  const unknown = codes.filter((code) => !known.includes(code));
  if (unknown.length > 0) {
    fail(`${url} names codes that ${system} does not have: ${unknown.join(' ')}`);
  }
  return codes;
}

const used = new Set();
// -> {url, system, codes}, or null for those not shipped. `system` is empty where there are several.
export function codeSet(canonical) {
  const url = canonical.split('|')[0];
  if (UNCHECKED[url]) {
    used.add(url);
    return null;
  }
  const { include, exclude } = valueSets.get(url)?.compose ?? {};
  if (!include || exclude) {
    fail(`the codes of ${url} cannot be listed`);
  }
  const codes = [...new Set(include.flatMap((part) => includedCodes(url, part)))].sort();
  if (codes.length === 0 || codes.length > CODES_MAX) {
    fail(`${url} has ${codes.length} codes`);
  }
  const systems = new Set(include.map((part) => part.system));
  return { url, system: systems.size === 1 ? [...systems][0] : '', codes };
}

export function checkAllUsed() {
  for (const url of Object.keys(UNCHECKED)) {
    if (!used.has(url)) {
      fail(`no element is bound to ${url}`);
    }
  }
}
