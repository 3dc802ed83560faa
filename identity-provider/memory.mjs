// What the provider keeps between requests: in memory, bounded, gone when it stops.
import { KEPT_MAX } from './limits.mjs';

/** A map that forgets its oldest entries beyond a number. */
export class BoundedMap {
  #entries = new Map();
  #max;

  constructor(max = KEPT_MAX) {
    this.#max = max;
  }

  set(key, value) {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#max) {
      this.#entries.delete(this.#entries.keys().next().value);
    }
  }

  get(key) {
    return this.#entries.get(key);
  }

  delete(key) {
    this.#entries.delete(key);
  }

  entries() {
    return this.#entries.entries();
  }
}

/**
 * The storage that oidc-provider asks for, one for each kind of thing, all in one map.
 * @param {() => number} now milliseconds
 * @returns {(kind: string) => object}
 */
export function memoryAdapter(now = Date.now) {
  const kept = new BoundedMap();
  const sessionIds = new BoundedMap();
  const find = (key) => {
    const entry = kept.get(key);
    if (entry && entry.until <= now()) {
      kept.delete(key);
      return undefined;
    }
    return entry?.payload;
  };
  return (kind) => ({
    async upsert(id, payload, seconds) {
      kept.set(`${kind}:${id}`, { payload, until: now() + (seconds ?? Infinity) * 1000 });
      if (payload.uid) {
        sessionIds.set(payload.uid, id);
      }
    },
    async find(id) {
      return find(`${kind}:${id}`);
    },
    async findByUid(uid) {
      return find(`${kind}:${sessionIds.get(uid)}`);
    },
    async findByUserCode() {
      return undefined;
    },
    async consume(id) {
      const payload = find(`${kind}:${id}`);
      if (payload) {
        payload.consumed = Math.floor(now() / 1000);
      }
    },
    async destroy(id) {
      kept.delete(`${kind}:${id}`);
    },
    // Of this kind only: an interaction that names a grant outlives it.
    async revokeByGrantId(grantId) {
      for (const [key, { payload }] of kept.entries()) {
        if (key.startsWith(`${kind}:`) && payload.grantId === grantId) {
          kept.delete(key);
        }
      }
    },
  });
}
