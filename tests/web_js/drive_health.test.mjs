import assert from "node:assert/strict";
import { test } from "node:test";

import { initial, step } from "/static/driver/state.js";

const T0 = 1_800_000_000_000;

test("the verdicts of the self-test are told to whoever looks after the terminals", () => {
  const { state, effects } = step(initial({ nowMs: T0, sounded: {}, positions: false }), { type: "tested", sound: false, screen: true }, T0);
  assert.deepEqual(effects, [{ type: "send", message: { type: "health", sound: "failed", screen: "ok" } }]);
  assert.equal(state.selfTest?.sound, false);
});
