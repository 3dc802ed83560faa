// The structures of R4 (4.0.1): resource types, elements and their data types, bindings.
import { compare, fail, resources } from './input.mjs';

export const FHIR_VERSION = '4.0.1';

export const structures = new Map();
for (const file of ['profiles-types.json', 'profiles-resources.json']) {
  for (const resource of resources(file)) {
    if (resource.resourceType === 'StructureDefinition' && resource.derivation !== 'constraint') {
      structures.set(resource.type, {
        kind: resource.kind,
        concrete: !resource.abstract,
        version: resource.fhirVersion,
        elements: new Map(resource.snapshot.element.map((element) => [element.path, element])),
      });
    }
  }
}

export const typeNames = [...structures]
  .filter(([, s]) => s.kind === 'resource' && s.concrete && s.version === FHIR_VERSION)
  .map(([name]) => name)
  .sort((a, b) => (a === 'Patient' ? -1 : b === 'Patient' ? 1 : compare(a, b)));
if (typeNames.length !== 146) {
  fail(`R4 has 146 resource types, found ${typeNames.length}`);
}
export const typeNumbers = new Map(typeNames.map((name, number) => [name, number]));

// The code system of each code of a value set, as {system, codes: [[code, system]]}: that of the
// codes listed, and `system` for all others. Null where it can't be told without a terminology
// server: more than one whole system, or other value sets, are included.
function systemsOf(valueSet) {
  const includes = valueSet.compose?.include ?? [];
  const systems = new Set(includes.map((include) => include.system));
  if (includes.some((include) => include.valueSet || !include.system)) {
    return null;
  }
  if (systems.size <= 1) {
    return { system: [...systems][0] ?? '', codes: [] };
  }
  const whole = includes.filter((include) => !include.concept);
  const codes = includes.flatMap((include) =>
    (include.concept ?? []).map(({ code }) => [code, include.system]));
  return whole.length > 1 ? null : { system: whole[0]?.system ?? '', codes };
}

export const valueSets = new Map(); // url -> as systemsOf
for (const file of ['valuesets.json', 'v3-codesystems.json']) {
  for (const resource of resources(file)) {
    if (resource.resourceType === 'ValueSet') {
      valueSets.set(resource.url, systemsOf(resource));
    }
  }
}

// A cursor stands on one element of one structure, already narrowed to one data type.
export function cursor(structure, elementPath, type, element) {
  return { structure, elementPath, type, element };
}

function typeCode(type) {
  if (!type.code.startsWith('http://hl7.org/fhirpath/')) {
    return type.code;
  }
  const extension = type.extension?.find((e) => e.url.endsWith('/structuredefinition-fhir-type'));
  return extension?.valueUrl ?? 'string';
}

function cursorsOf(structure, elementPath, element) {
  if (element.contentReference) {
    const target = element.contentReference.slice(element.contentReference.indexOf('#') + 1);
    return [cursor(structure, target, 'BackboneElement', element)];
  }
  return element.type.map((type) => cursor(structure, elementPath, typeCode(type), element));
}

// -> [{member, cursor}], several for a choice element.
export function child(at, name) {
  const inside = structures.get(at.structure).elements;
  const places = [[at.structure, at.elementPath]];
  if (structures.has(at.type)) {
    places.push([at.type, at.type]);
  }
  for (const [structure, elementPath] of places) {
    const elements = structure === at.structure ? inside : structures.get(structure).elements;
    const single = elements.get(`${elementPath}.${name}`);
    if (single) {
      return cursorsOf(structure, `${elementPath}.${name}`, single).map((c) => ({
        member: name,
        cursor: c,
      }));
    }
    const choice = elements.get(`${elementPath}.${name}[x]`);
    if (choice) {
      return cursorsOf(structure, `${elementPath}.${name}[x]`, choice).map((c) => ({
        member: name + c.type[0].toUpperCase() + c.type.slice(1),
        cursor: c,
      }));
    }
  }
  return [];
}
