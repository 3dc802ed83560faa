import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

test("the library needs no Node: its modules import each other and @noble", async () => {
  const left = ["index.js"];
  const seen = new Set<string>();
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    seen.add(name);
    const source = await readFile(new URL(`../src/${name}`, import.meta.url), "utf8");
    for (const [, from = ""] of source.matchAll(/^(?:import|export|}).*?"([^"]+)";$/gm)) {
      assert.match(from, /^(\.\/\w+\.js|@noble\/(hashes|curves)\/\w+)$/, name);
      if (from.startsWith("./") && !seen.has(from.slice(2))) {
        left.push(from.slice(2));
      }
    }
    assert.doesNotMatch(source, /\b(Buffer|process)\b/, name);
  }
  assert.ok(seen.has("verify.js") && seen.has("receipt.js") && !seen.has("node.js"));
});
