import assert from "node:assert/strict";
import { test } from "node:test";
import { passes, pause, retryAfter, sleep } from "../src/backoff.ts";

test("the pause doubles, up to the longest, and is half random", () => {
  const backoff = { first: 100, max: 1000 };
  const waits = (random: number) => [1, 2, 3, 4, 5, 50].map((failures) => pause(failures, backoff, () => random));
  assert.deepEqual(waits(0), [50, 100, 200, 400, 500, 500]);
  assert.deepEqual(waits(1), [100, 200, 400, 800, 1000, 1000]);
});

test("Retry-After is seconds or a date", () => {
  const now = Date.parse("2026-12-25T00:00:00Z");
  const of = (value: string) => retryAfter(new Headers({ "Retry-After": value }), now);
  assert.equal(of("3"), 3000);
  assert.equal(of("Fri, 25 Dec 2026 00:00:07 GMT"), 7000);
  assert.equal(of("Thu, 24 Dec 2026 00:00:00 GMT"), 0);
  assert.equal(of("soon"), undefined);
  assert.equal(retryAfter(new Headers()), undefined);
});

test("what passes is what docs/sync.md keeps in the queue, but for a 401", () => {
  const statuses = [200, 400, 401, 404, 408, 409, 412, 422, 429, 500, 503];
  assert.deepEqual(statuses.filter((status) => passes(new Response("", { status }))), [408, 429, 500, 503]);
  assert.ok(passes(new Response("", { status: 409, headers: { "Retry-After": "1" } })));
});

test("sleep ends with its signal", async () => {
  const stop = new AbortController();
  const slept = sleep(60_000, stop.signal);
  stop.abort("enough");
  await assert.rejects(slept, (reason) => reason === "enough");
  await assert.rejects(sleep(1, stop.signal), (reason) => reason === "enough");
  await sleep(1);
});
