// The paths of the Patient compartment.
import { fail, read } from './input.mjs';
import { parameters } from './parameters.mjs';
import { typeNumbers } from './structures.mjs';

// Parameters that say whom a resource is about come first, the others in the definition's order.
const ABOUT = ['subject', 'patient', 'beneficiary', 'individual'];
export const compartment = []; // {type, path, about}
// Whose data an event was about says more than who did it.
const FIRST_PATHS = ['entity.what'];
for (const { code: type, param } of read('compartmentdefinition-patient.json').resource) {
  const codes = type === 'Patient' ? [] : [...(param ?? [])]; // a Patient is its own home
  codes.sort((a, b) => Number(ABOUT.includes(b)) - Number(ABOUT.includes(a)));
  const seen = new Set();
  const found = [];
  for (const code of codes) {
    const parameter = parameters.find((p) => p.type === type && p.code === code);
    if (!parameter) {
      fail(`the patient compartment names ${type} ${code}, which is no parameter`);
    }
    for (const { steps, leaf } of parameter.paths) {
      const text = steps.map((step) => step.member).join('.');
      if (leaf !== 'kReference' || steps.some((step) => step.guard)) {
        fail(`the patient compartment's ${type} ${code} is not a plain reference`);
      }
      if (!seen.has(text)) {
        seen.add(text);
        found.push({ type, path: text, about: ABOUT.includes(code) });
      }
    }
  }
  found.sort((a, b) => FIRST_PATHS.includes(b.path) - FIRST_PATHS.includes(a.path));
  compartment.push(...found);
}
compartment.sort((a, b) => typeNumbers.get(a.type) - typeNumbers.get(b.type));
