// The people and systems that may sign in, as `continuum synth` writes them in accounts.json.
import fs from 'node:fs';

import {
  ACCOUNTS_BYTES_MAX, ACCOUNTS_MAX, NAME_LENGTH_MAX, ROLES_MAX, TEXT_LENGTH_MAX,
} from './limits.mjs';

/**
 * @typedef {{person_roleid: string, org_code: string, role_name: string, role_code: string,
 *            activity_codes: string[], workgroups_codes: string[]}} Role
 * @typedef {{account: string, name: string, nhsid_useruid: string, roles: Role[]}} Staff
 * @typedef {{account: string, nhs_number: string, identity_proofing_level: string,
 *            birthdate: string}} Citizen
 * @typedef {{client_id: string}} System
 * @typedef {{staff: Map<string, Staff>, citizens: Map<string, Citizen>,
 *            systems: System[]}} Accounts
 *   `systems` are those that send data and those that operators run.
 */

export class AccountsError extends Error {}

function check(holds, where, what) {
  if (!holds) {
    throw new AccountsError(`${where}: ${what}`);
  }
}

function listOf(value, where, max = ACCOUNTS_MAX) {
  check(Array.isArray(value), where, 'must be a list');
  check(value.length <= max, where, `holds more than ${max}`);
  return value;
}

function textOf(record, member, where, pattern = /\S/) {
  const text = record?.[member];
  check(typeof text === 'string' && text.length <= TEXT_LENGTH_MAX && pattern.test(text),
    `${where}.${member}`, `must be text of the form ${pattern}`);
  return text;
}

function nameOf(record, member, where) {
  const name = textOf(record, member, where, /^[a-z0-9][a-z0-9-]*$/);
  check(name.length <= NAME_LENGTH_MAX, `${where}.${member}`, `is longer than ${NAME_LENGTH_MAX}`);
  return name;
}

function codesOf(record, member, where) {
  const codes = listOf(record?.[member], `${where}.${member}`, ROLES_MAX);
  check(codes.every((code) => typeof code === 'string' && code.length <= TEXT_LENGTH_MAX),
    `${where}.${member}`, 'must hold text only');
  return codes;
}

/** @returns {Role} */
function roleOf(role, where) {
  return {
    person_roleid: textOf(role, 'person_roleid', where, /^[0-9]+$/),
    org_code: textOf(role, 'org_code', where, /^[A-Z0-9]+$/),
    role_name: textOf(role, 'role_name', where),
    role_code: textOf(role, 'role_code', where, /^[A-Z0-9]+(:[A-Z0-9]+)*$/),
    activity_codes: codesOf(role, 'activity_codes', where),
    workgroups_codes: codesOf(role, 'workgroups_codes', where),
  };
}

/** @returns {Staff} */
function staffOf(member, where) {
  const roles = listOf(member?.roles, `${where}.roles`, ROLES_MAX)
    .map((role, i) => roleOf(role, `${where}.roles[${i}]`));
  check(roles.length > 0, `${where}.roles`, 'must hold a role');
  check(new Set(roles.map((role) => role.person_roleid)).size === roles.length,
    `${where}.roles`, 'must have different person_roleid');
  return {
    account: nameOf(member, 'account', where),
    name: textOf(member, 'name', where),
    nhsid_useruid: textOf(member, 'nhsid_useruid', where, /^[0-9]+$/),
    roles,
  };
}

/** @returns {Citizen} */
function citizenOf(citizen, where) {
  return {
    account: nameOf(citizen, 'account', where),
    nhs_number: textOf(citizen, 'nhs_number', where, /^[0-9]{10}$/),
    identity_proofing_level: textOf(citizen, 'identity_proofing_level', where, /^P[059]$/),
    birthdate: textOf(citizen, 'birthdate', where, /^\d{4}-\d{2}-\d{2}$/),
  };
}

/** @returns {System} */
function systemOf(system, where) {
  return { client_id: nameOf(system, 'client_id', where) };
}

/**
 * Checks the parsed content of an accounts file. Throws AccountsError, which names the place.
 * @param {any} content
 * @returns {Accounts}
 */
export function accountsOf(content) {
  const read = (member, each) => listOf(content?.[member] ?? [], member)
    .map((record, i) => each(record, `${member}[${i}]`));
  const staff = read('staff', staffOf);
  const citizens = read('citizens', citizenOf);
  const systems = [...read('systems', systemOf), ...read('operators', systemOf)];
  const seen = new Set();
  const names = [...staff, ...citizens].map((person) => person.account)
    .concat(systems.map((system) => system.client_id));
  check(names.length > 0, 'the file', 'names nobody');
  for (const name of names) {
    check(!seen.has(name), name, 'is there twice');
    seen.add(name);
  }
  return {
    staff: new Map(staff.map((member) => [member.account, member])),
    citizens: new Map(citizens.map((citizen) => [citizen.account, citizen])),
    systems,
  };
}

/**
 * @param {string} file
 * @returns {Accounts}
 */
export function readAccounts(file) {
  try {
    check(fs.statSync(file).size <= ACCOUNTS_BYTES_MAX, 'the file',
      `is larger than ${ACCOUNTS_BYTES_MAX} bytes`);
    return accountsOf(JSON.parse(fs.readFileSync(file, 'utf8')));
  } catch (error) {
    throw new AccountsError(`accounts file ${file}: ${error.message}`);
  }
}
