import assert from "node:assert/strict";
import { test } from "node:test";

import { Numbering, returnDelayMs } from "/static/shared/numbering.js";
import { ageWords, clockTime, minutesUntil } from "/static/shared/time.js";
import { chooseLang, translator } from "/static/shared/words.js";

test("numbers are taken once and in order; a hole is a gap", () => {
  const numbering = new Numbering();
  assert.equal(numbering.resume, undefined);
  numbering.welcome({ epoch: "e", seq: 4, recovered: false });
  assert.deepEqual([5, 5, 4, 6, 8].map((seq) => numbering.take(seq)), ["new", "repeated", "repeated", "new", "gap"]);
  assert.deepEqual(numbering.resume, { epoch: "e", seq: 6 });
});

test("what is sent again after a return may skip numbers, what is new may not", () => {
  const numbering = new Numbering();
  numbering.welcome({ epoch: "e", seq: 2, recovered: false });
  numbering.welcome({ epoch: "e", seq: 9, recovered: true });
  assert.deepEqual(numbering.resume, { epoch: "e", seq: 2 });
  assert.deepEqual([5, 9, 11].map((seq) => numbering.take(seq)), ["new", "new", "gap"]);
});

test("a new epoch starts anew, and a forgotten place asks for a snapshot", () => {
  const numbering = new Numbering();
  numbering.welcome({ epoch: "e", seq: 7, recovered: false });
  numbering.welcome({ epoch: "f", seq: 0, recovered: false });
  assert.equal(numbering.take(1), "new");
  numbering.forget();
  assert.equal(numbering.resume, undefined);
  assert.equal(numbering.take(2), "gap");
});

test("the way back: full jitter under a doubling, bounded limit", () => {
  assert.equal(returnDelayMs(0, 0, 20_000), 0);
  assert.equal(returnDelayMs(0, 1, 20_000), 500);
  assert.equal(returnDelayMs(3, 0.5, 20_000), 2_000);
  assert.equal(returnDelayMs(60, 1, 20_000), 20_000);
});

test("minutes, ages and clock as people say them", () => {
  assert.equal(minutesUntil(59.9), null);
  assert.equal(minutesUntil(60), 1);
  assert.equal(minutesUntil(370), 6);
  assert.deepEqual(ageWords(-3), { key: "age.s", values: { n: 0 } });
  assert.deepEqual(ageWords(61), { key: "age.min", values: { n: 1 } });
  assert.deepEqual(ageWords(7300), { key: "age.h", values: { n: 2 } });
  assert.match(clockTime(0), /^\d\d:\d\d$/);
});

test("words: the first wish that is a language of ours, Korean otherwise; an unknown key is a defect", () => {
  assert.equal(chooseLang(null, "fr", "en-GB"), "en");
  assert.equal(chooseLang(undefined, "ko-KR", "en"), "ko");
  assert.equal(chooseLang("fr"), "ko");
  const t = translator({ a: "{n}분 {x}" });
  assert.equal(t("a", { n: 3 }), "3분 ");
  assert.throws(() => t("b"), /no words for "b"/);
});
