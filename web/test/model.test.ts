import assert from "node:assert/strict";
import { test } from "node:test";
import type { Task } from "todod-client";
import { addDays, daysBetween, instantOf, sayDay, timeOf } from "../src/model/dates.ts";
import { choices, sayRule } from "../src/model/recurrence.ts";
import { fold, matcher } from "../src/model/search.ts";
import { fitGap, moveInto, progressOf, stepOf, treeOf, without } from "../src/model/tree.ts";

const task = (id: number, parent_id: number | null = null, completed = false) => ({ id, parent_id, completed, list_id: null, title: `${id}` }) as Task;
const lines = [{ id: 1, depth: 0 }, { id: 2, depth: 1 }, { id: 3, depth: 2 }, { id: 4, depth: 0 }];
const tree = treeOf([task(1), task(2, 1), task(3, 2, true), task(4)]);
const at = (id: number) => tree.byId.get(id) as Task;

test("days are counted and said", () => {
  assert.equal(addDays("2026-12-31", 1), "2027-01-01");
  assert.equal(addDays("2026-03-01", -1), "2026-02-28");
  assert.equal(daysBetween("2026-03-28", "2026-03-30"), 2);
  assert.equal(sayDay("2026-06-02", "2026-06-01"), "Tomorrow");
  assert.equal(timeOf(instantOf("2026-06-02", "09:30")), "09:30");
});

test("choices of a recurrence are of the day it is due", () => {
  assert.deepEqual(choices("2026-06-09").map(({ rule }) => rule)[5], "FREQ=MONTHLY;BYDAY=2TU");
  assert.deepEqual(choices("2026-05-29").map(({ rule }) => rule)[5], "FREQ=MONTHLY;BYDAY=-1FR");
  assert.equal(sayRule("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH"), "Every 2 weeks on Mon, Thu");
});

test("a search passes over case and accents, and wants all words", () => {
  assert.equal(fold("Straße ÉTÉ"), "strasse ete");
  assert.ok(matcher("cafe stra")("Café in der Straße"));
  assert.ok(!matcher("cafe bar")("Café"));
});

test("what is done under a task is counted, however deep", () => {
  assert.deepEqual(progressOf(tree, 1), { done: 1, total: 2 });
});

test("steps go to neighbours, under the one above, and out of a parent", () => {
  assert.deepEqual(stepOf(tree, at(4), "up"), { before: 1 });
  assert.deepEqual(stepOf(tree, at(4), "in"), { parent_id: 1, before: null });
  assert.deepEqual(stepOf(tree, at(2), "out"), { parent_id: null, after: 1 });
  assert.equal(stepOf(tree, at(1), "up"), undefined);
  assert.equal(stepOf(tree, at(1), "in"), undefined);
  assert.deepEqual(stepOf(treeOf([1, 2, 3, 4, 5, 6].map((id) => task(id, id === 1 || id === 6 ? null : id - 1))), task(6), "in"), { parent_id: 1, before: null });
});

test("a gap is as deep as its neighbours let it be, and a move puts a task there", () => {
  assert.deepEqual(without(lines, 2), [{ id: 1, depth: 0 }, { id: 4, depth: 0 }]);
  assert.deepEqual(fitGap(tree, lines, { index: 1, depth: 0 }, 9), { index: 1, depth: 1 });
  assert.deepEqual(fitGap(tree, lines, { index: 3, depth: 9 }, 9), { index: 3, depth: 3 });
  assert.deepEqual(moveInto(lines, { index: 0, depth: 0 }), { after: null, parent_id: null });
  assert.deepEqual(moveInto(lines, { index: 3, depth: 2 }), { after: 3, parent_id: 2 });
  assert.deepEqual(moveInto(lines, { index: 3, depth: 1 }), { after: 2, parent_id: 1 });
  assert.deepEqual(moveInto(lines, { index: 3, depth: 3 }), { after: null, parent_id: 3 });
});
