/** Words the bells given on standard input as the stop page does; one line of JSON each way. Run by test_push_sentences.py. */

import { readFileSync } from "node:fs";

import { storyOf } from "/static/rider/stop/story.js";
import { say, translator } from "/static/shared/words.js";

const { words, bells } = JSON.parse(readFileSync(0, "utf8"));
const t = translator(words);
const said = bells.map((/** @type {any} */ bell) => say(storyOf(bell, { routeNames: { R88: "88" } }), t));
process.stdout.write(JSON.stringify(said));
