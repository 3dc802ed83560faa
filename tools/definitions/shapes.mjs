// What may stand inside each resource type, data type and nested element: its shape.
import { codeSet, checkAllUsed } from './code_sets.mjs';
import { compare, fail } from './input.mjs';
import { corrected } from './structure_corrections.mjs';
import { typeNames, typeNumbers } from './structures.mjs';

const PROFILES = 'http://hl7.org/fhir/StructureDefinition/';
const FHIRPATH = 'http://hl7.org/fhirpath/';

const KINDS = {
  base64Binary: 'kBase64Binary',
  boolean: 'kBoolean',
  canonical: 'kCanonical',
  code: 'kCode',
  date: 'kDate',
  dateTime: 'kDateTime',
  decimal: 'kDecimal',
  id: 'kId',
  instant: 'kInstant',
  integer: 'kInteger',
  markdown: 'kMarkdown',
  oid: 'kOid',
  positiveInt: 'kPositiveInt',
  string: 'kString',
  time: 'kTime',
  unsignedInt: 'kUnsignedInt',
  uri: 'kUri',
  url: 'kUrl',
  uuid: 'kUuid',
  xhtml: 'kXhtml',
};

// {name, elements: [{name, required, many}], members: [{name, element, kind, attribute, shape,
// argument}]}. Elements that are required come first. The shape of a resource type has its number.
export const shapes = [];
// [type numbers]; argument n of a Reference is targetSets[n - 1], 0 is any type.
export const targetSets = [];
// As codeSet() gives them; argument n of a code or CodeableConcept is codeSets[n - 1], 0 is any.
export const codeSets = [];

const shapeNumbers = new Map(); // "Type" or "Type.path" -> number
const todo = [];

function shapeOf(structure, path) {
  if (!shapeNumbers.has(path)) {
    shapeNumbers.set(path, shapes.push({ name: path, elements: [], members: [] }) - 1);
    todo.push({ structure, path });
  }
  return shapeNumbers.get(path);
}

export function shapeNumber(path) {
  return shapeNumbers.get(path) ?? fail(`there is no shape ${path}`);
}

function indexOf(list, item, key) {
  const at = list.findIndex((other) => key(other) === key(item));
  return at >= 0 ? at : list.push(item) - 1;
}

function targetsOf(path, type) {
  const names = type.targetProfile?.map((url) => url.slice(PROFILES.length)) ?? ['Resource'];
  if (names.includes('Resource')) {
    return 0;
  }
  const unknown = names.filter((name) => !typeNumbers.has(name));
  if (unknown.length > 0) {
    fail(`${path} refers to what is no resource type: ${unknown.join(' ')}`);
  }
  const numbers = names.map((name) => typeNumbers.get(name)).sort((a, b) => a - b);
  return 1 + indexOf(targetSets, numbers, String);
}

function codesOf(path, element, type) {
  const { strength, valueSet } = element.binding ?? {};
  if (strength !== 'required') {
    return 0;
  }
  const set = codeSet(valueSet);
  if (!set) {
    return 0;
  }
  if (type === 'CodeableConcept' && !set.system) {
    fail(`${path} is bound to codes of several systems`);
  }
  return 1 + indexOf(codeSets, set, ({ url }) => url);
}

function argumentOf(path, element, type) {
  if (type.code === 'Reference') {
    return targetsOf(path, type);
  }
  if (['code', 'CodeableConcept'].includes(type.code)) {
    return codesOf(path, element, type.code);
  }
  if (element.binding?.strength === 'required') {
    fail(`${path}: a ${type.code} is bound to a value set`);
  }
  return 0;
}

// -> {kind, attribute, shape, argument}
function valueOf(structure, path, element, type) {
  const value = { attribute: false, shape: 0, argument: argumentOf(path, element, type) };
  if (type.code.startsWith(FHIRPATH)) {
    const parts = path.split('.');
    const kind = parts.length === 2 && parts[1] === 'id' && typeNumbers.has(parts[0])
      ? 'kId' // where the package says string, an old slip
      : { id: 'kString', url: 'kUri' }[parts.at(-1)];
    return { ...value, attribute: true, kind: kind ?? fail(`${path} has no data type`) };
  }
  if (KINDS[type.code]) {
    return { ...value, kind: KINDS[type.code] };
  }
  if (type.code === 'Resource') {
    return { ...value, kind: path.endsWith('.contained') ? 'kContained' : 'kResource' };
  }
  if (['BackboneElement', 'Element'].includes(type.code)) {
    return { ...value, kind: 'kComplex', shape: shapeOf(structure, path) };
  }
  if (corrected.get(type.code)?.kind !== 'complex-type') {
    fail(`${path} is of an unknown type ${type.code}`);
  }
  return { ...value, kind: 'kComplex', shape: shapeOf(type.code, type.code) };
}

function addElement(shape, structure, element) {
  const name = element.path.slice(shape.name.length + 1);
  const choice = name.endsWith('[x]');
  if (!['1', '*'].includes(element.max) || ![0, 1].includes(element.min)) {
    fail(`${element.path} has cardinality ${element.min}..${element.max}`);
  }
  if (choice && element.max !== '1') {
    fail(`${element.path} is a choice that repeats`);
  }
  const number = shape.elements.push({
    name,
    required: element.min === 1,
    many: element.max === '*',
  }) - 1;
  const add = (member, value) => shape.members.push({ name: member, element: number, ...value });
  if (element.contentReference) {
    const path = element.contentReference.slice(element.contentReference.indexOf('#') + 1);
    add(name, { kind: 'kComplex', attribute: false, shape: shapeOf(structure, path), argument: 0 });
    return;
  }
  if (!choice && element.type.length !== 1) {
    fail(`${element.path} has several types and is no choice`);
  }
  for (const type of element.type) {
    const suffix = choice ? type.code[0].toUpperCase() + type.code.slice(1) : '';
    add(name.replace('[x]', '') + suffix, valueOf(structure, element.path, element, type));
  }
}

function fill(shape, structure) {
  const prefix = `${shape.name}.`;
  const elements = [...corrected.get(structure).elements.values()].filter(
    ({ path }) => path.startsWith(prefix) && !path.slice(prefix.length).includes('.'));
  if (elements.length === 0) {
    fail(`${shape.name} has no elements`);
  }
  elements.sort((a, b) => b.min - a.min); // stable
  elements.filter(({ max }) => max !== '0').forEach((e) => addElement(shape, structure, e));
  if (new Set(shape.members.map(({ name }) => name)).size !== shape.members.length) {
    fail(`${shape.name} has two members of one name`);
  }
}

typeNames.forEach((name) => shapeOf(name, name));
[...corrected]
  .filter(([, { kind, concrete }]) => kind === 'complex-type' && concrete)
  .map(([name]) => name)
  .sort(compare)
  .forEach((name) => shapeOf(name, name));
shapeOf('Element', 'Element');
for (let at = 0; at < todo.length; ++at) {
  fill(shapes[shapeNumbers.get(todo[at].path)], todo[at].structure);
}
checkAllUsed();
