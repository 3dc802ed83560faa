// main.mjs URL TRUTH: all attacks on the server at URL, whose people are those of TRUTH. Signs in at the
// provider of CONTINUUM_ISSUER. Ends with 1 when one went through.
import assert from 'node:assert/strict';
import fs from 'node:fs';

import { signInPerson, signInSystem } from '../../../identity-provider/client.mjs';
import { readClientKey } from '../../../identity-provider/keys.mjs';
import { attackReplays } from './replays.mjs';
import { attackSlowly } from './slow.mjs';
import { attackSmuggling } from './smuggling.mjs';
import { conclude, json, Target } from './support.mjs';
import { attackTiming } from './timing.mjs';
import { attackTokens } from './tokens.mjs';

const [url, truthFile] = process.argv.slice(2);
const { CONTINUUM_ISSUER: issuer, CONTINUUM_BASE_URL: baseUrl, CONTINUUM_IDP_KEYS: keys } = process.env;
const target = new Target(Number(new URL(url).port));
const { people } = JSON.parse(fs.readFileSync(truthFile, 'utf8'));

const person = (account) => signInPerson({ issuer, baseUrl, account });
const system = async (clientId) => (await signInSystem({
  issuer, baseUrl, clientId, jwk: readClientKey(keys, clientId),
})).access_token;

// Registered with the practice of `doctor`, unknown to that of `stranger`.
const others = people.filter(({ patients }) => patients.length > 1
  && patients.some(({ source }) => source === 'gp-mill-lane')
  && patients.every(({ source, altered }) => source !== 'gp-quarry-hill' && altered.length === 0));
assert(others.length >= 2, 'the truth names too few people');
const [{ person: victimNumber, nhsNumber, birthDate }, { person: bystanderNumber }] = others;

const doctorTokens = await person('gp-mill-lane-doctor');
const world = {
  target,
  issuer,
  baseUrl,
  keys,
  nhsNumber,
  birthDate,
  doctor: doctorTokens.access_token,
  idToken: doctorTokens.id_token,
  nurse: (await person('gp-mill-lane-nurse')).access_token,
  receptionist: (await person('gp-mill-lane-receptionist')).access_token,
  stranger: (await person('gp-quarry-hill-doctor')).access_token,
  citizen: (await person(`citizen-${victimNumber}`)).access_token,
  bystander: (await person(`citizen-${bystanderNumber}`)).access_token,
  operator: await system('region-operator'),
  otherSystem: await system('gp-quarry-hill'),
};

const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number%7C';
world.search = (number) => `/fhir/Patient?identifier=${NHS_NUMBER}${number}`;
const found = json(await target.ask(world.search(nhsNumber), { token: world.doctor }));
world.victim = found.entry[0].resource.id;
// As well formed, and nobody's.
world.absentId = (id, last = 'bc') => id.slice(0, -1) + (id.at(-1) === last[0] ? last[1] : last[0]);
world.absent = world.absentId(world.victim);

await attackTokens(world);
await attackSmuggling(world);
await attackReplays(world);
await attackSlowly(world);
await attackTiming(world);
process.exit(conclude(target) ? 0 : 1);
