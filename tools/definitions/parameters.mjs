// R4's search parameters with their compiled paths.
import { compare, fail, resources } from './input.mjs';
import { compile, show } from './paths.mjs';
import { parse } from './expressions.mjs';
import { FHIR_VERSION, typeNames, typeNumbers, valueSets } from './structures.mjs';

const OFFICIAL = 'http://hl7.org/fhir/SearchParameter/';

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

export const KINDS = {
  number: 'kNumber',
  date: 'kDate',
  string: 'kString',
  token: 'kToken',
  reference: 'kReference',
  quantity: 'kQuantity',
  uri: 'kUri',
};

export const parameters = []; // {type, code, kind, url, expression, targets, paths, absent}
const usedExclusions = new Set();
export let compositeCount = 0;

// What a code without a system of its own means: rows as of systemsOf in structures.mjs.
export const bindings = [{ system: '', codes: [] }];

function bindingIndexOf(element) {
  const binding = element?.binding;
  if (binding?.strength !== 'required') {
    return 0;
  }
  const known = valueSets.get(binding.valueSet.split('|')[0]);
  if (!known) {
    return 0;
  }
  const index = bindings.findIndex((row) => show(row) === show(known));
  return index >= 0 ? index : bindings.push(known) - 1;
}

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
    return { leaf, argument: bindingIndexOf(at.element) };
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

export const excludedCount = Object.keys(EXCLUDED_PARAMETERS).length;
