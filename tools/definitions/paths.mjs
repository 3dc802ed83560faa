// Compiles an expression, for one resource type, into paths over JSON.
import { child, cursor, structures } from './structures.mjs';

export function show(node) {
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
export function compile(node, base) {
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
