// One trie of member names for each resource type.
import { fail } from './input.mjs';
import { parameters } from './parameters.mjs';
import { typeNames, typeNumbers } from './structures.mjs';

// Member names hash without collision: name_hash in search_values.cc is the same function.
export function nameHash(name, seed, bits) {
  const n = name.length;
  const c = (i) => name.charCodeAt(i);
  const key = (n | (c(0) << 8) | (c(n >> 1) << 16) | (c(n - 1) << 24)) >>> 0;
  return Math.imul(key ^ c(n > 1 ? n - 2 : 0), seed) >>> (32 - bits);
}

export const nodes = []; // {edges: Map name -> {node, first}, guards, actions}
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

export const roots = typeNames.map(() => newNode());
export let pathCount = 0;
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

export function perfectTable(edges) {
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
