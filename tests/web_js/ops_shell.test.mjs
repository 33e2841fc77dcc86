import assert from "node:assert/strict";
import { test } from "node:test";

import { rail } from "/static/ops/rail.js";
import { SECTIONS, hashOf, readHash } from "/static/ops/sections.js";

test("an address names a section and what of it; one that names none is the first section", () => {
  assert.deepEqual(readHash("#/live/route/R%2088"), { section: SECTIONS[0], rest: ["route", "R 88"] });
  for (const hash of ["", "#", "#/", "#/no-such", "#/__proto__/x"]) assert.deepEqual(readHash(hash), { section: SECTIONS[0], rest: [] });
  assert.deepEqual(readHash("#/live/%E0%A4%A").rest, ["%E0%A4%A"], "no proper encoding: as it stands");
});

test("an address that is made is read as it was", () => {
  const parts = ["live", "route", "A/B 수원"];
  const { section, rest } = readHash(hashOf(parts));
  assert.deepEqual([section.id, ...rest], parts);
});

test("the rail names each section once, marks the open one, and the one from which it was opened", () => {
  const text = (/** @type {string} */ key) => key;
  const draw = (/** @type {string} */ section) => JSON.stringify(rail({ section, link: { state: "lost", heardMs: 0 }, theme: "dark", nowMs: 61_000 }, text));
  const above = SECTIONS.filter((one) => one.under === undefined);
  for (const { id } of above) assert.equal(draw("live").split(`"#/${id}"`).length, 2, id);
  assert.match(draw("live"), /"#\/live","class":"rail-item","aria-current":"page"/);
  for (const { id, under } of SECTIONS) if (under !== undefined) assert.match(draw(id), new RegExp(`"#/${under}","class":"rail-item","aria-current":"page"`));
  assert.match(draw(""), /ops\.lost\.short/);
});
