import assert from "node:assert/strict";
import { test } from "node:test";
import { type Change, Copy, MemoryStore, type Store, type Task, Todod } from "../src/index.ts";
import { inTurn } from "../src/turn.ts";
import { fake, json, type Reply, stream } from "./fake.ts";
import { storeSuite } from "./storesuite.ts";

/** Returns a copy that is answered with these replies, and what it sends. */
function copyOf(store: Store, ...replies: Reply[]) {
  const { fetch, seen } = fake(...replies);
  const todod = new Todod({ baseUrl: "http://todod", backoff: { first: 1, max: 2 }, attempts: 1, token: async () => "t", fetch });
  return { copy: new Copy(todod, store), seen, todod };
}

const task = (id: number, version: number, fields: Partial<Task> = {}) =>
  ({ id, version, title: `task ${id}`, description: null, position: "m", parent_id: null, list_id: null, completed: false, recurrence: null, ...fields }) as Task;
const created = (rev: number, thing: Task): Change => ({ rev, op: "created", kind: "task", task: thing });
const gone = (rev: number, id: number): Change =>
  ({ rev, op: "deleted", kind: "task", task: { id, version: rev, deleted_at: "2026-12-25T00:00:00.000000Z" } });
const page = (next: string, changes: Change[], has_more = false) => json(200, { changes, next, has_more });
const problem = (status: number, error_code: string, more: object = {}) => json(status, { detail: "no", error_code, status, ...more });
const titles = async (copy: Copy) => (await copy.all()).tasks.map(({ title }) => title);

/** Returns a store with one task, at version 3. */
async function furnished(): Promise<MemoryStore> {
  const store = new MemoryStore();
  await copyOf(store, page("n1", [created(3, task(1, 3))])).copy.sync();
  return store;
}

test("memory is a store", async () => assert.equal(await storeSuite(new MemoryStore()), 8));

test("sync pages through, goes on, and takes out what is gone", async () => {
  const store = new MemoryStore();
  const { copy, seen } = copyOf(
    store,
    page("a", [created(3, task(1, 3)), created(2, task(2, 2))], true),
    page("b", [created(5, task(3, 5))]),
    page("c", [gone(6, 2), created(7, task(1, 7, { title: "later" }))]),
  );
  await copy.sync();
  await copy.sync();
  assert.deepEqual((await copy.all()).tasks.map(({ id, version }) => [id, version]), [[1, 7], [3, 5]]);
  assert.deepEqual(seen.map(({ path }) => new URL(path, "http://x").searchParams.get("since")), [null, "a", "b"]);
  assert.equal(new URL(seen[0]?.path ?? "", "http://x").searchParams.get("kinds"), "task,list,label");
});

test("after a 410 everything is read anew, and what doesn't come goes, but not before", async () => {
  const store = await furnished();
  await copyOf(store, page("n2", [created(4, task(2, 4))])).copy.sync();
  const { copy } = copyOf(
    store,
    problem(410, "SYNC_TOKEN_EXPIRED"),
    page("x", [created(9, task(2, 9, { title: "anew" }))], true),
    async () => {
      assert.deepEqual(await titles(copy), ["task 1", "anew"], "the old ones stay until all is read");
      return page("y", [created(2, task(3, 2))]);
    },
  );
  await copy.sync();
  assert.deepEqual(await titles(copy), ["anew", "task 3"]);
});

test("a page that another tab has taken in already is asked for again from where that went on", async () => {
  const store = await furnished();
  const { copy, seen } = copyOf(
    store,
    async () => {
      await copyOf(store, page("n2", [created(4, task(2, 4))])).copy.sync();
      return page("n2", [created(4, task(2, 4))]);
    },
    page("n3", []),
  );
  await copy.sync();
  assert.match(seen[1]?.path ?? "", /since=n2/);
});

test("what is done is shown at once, and sent in order, with what it refers to", async () => {
  const store = new MemoryStore();
  const offline = copyOf(store);
  const list = await offline.copy.create("list", { name: "Trip" });
  const id = await offline.copy.create("task", { title: "Pack", list_id: list, due_date: "2026-12-25" });
  await offline.copy.edit("task", id, { description: "all" });
  await offline.copy.complete(id);
  assert.ok(list < 0 && id < 0 && list !== id);
  const seen = (await offline.copy.all()).tasks[0];
  assert.ok(seen?.completed && seen.description === "all" && seen.list_id === list && seen.due_all_day);
  assert.equal(seen.due_date, "2026-12-25T00:00:00.000000Z");
  assert.equal(await offline.copy.pending(), 4);

  const made = { list_id: 10, title: "Pack" };
  const online = copyOf(
    store,
    json(201, { id: 10, name: "Trip", version: 1, position: "V" }),
    json(201, task(11, 2, made)),
    json(200, task(11, 3, { ...made, description: "all" })),
    json(200, task(11, 4, { ...made, description: "all", completed: true })),
    page("n", [created(4, task(11, 4, { ...made, title: "as todod has it" }))]),
  );
  await online.copy.send();
  assert.deepEqual(
    online.seen.map(({ method, path, body }) => [method, path, body && JSON.parse(body)]),
    [
      ["POST", "/api/v1/lists", { name: "Trip" }],
      ["POST", "/api/v1/tasks", { title: "Pack", list_id: 10, due_date: "2026-12-25" }],
      ["PATCH", "/api/v1/tasks/11", { description: "all" }],
      ["POST", "/api/v1/tasks/11/complete", ""],
    ],
  );
  assert.equal(online.seen[2]?.headers.get("If-Match"), '"v2"');
  assert.equal(online.seen[2]?.headers.get("Prefer"), "merge");
  assert.equal(new Set(online.seen.map(({ headers }) => headers.get("Idempotency-Key"))).size, 4);
  assert.deepEqual(await titles(online.copy), ["Pack"]);
  assert.equal((await online.copy.get("task", id))?.id, 11, "the temporary id finds it still");
  await online.copy.sync();
  assert.deepEqual(await titles(online.copy), ["as todod has it"]);
});

test("a write whose answer was lost is sent as it was, by whoever comes next", async () => {
  const store = await furnished();
  const first = copyOf(store, new TypeError("cut"));
  await first.copy.edit("task", 1, { title: "mine" });
  await assert.rejects(first.copy.send(), { code: "UNREACHABLE" });
  // The stream tells of it before the answer does; the request stays the same.
  await copyOf(store, page("n2", [created(4, task(1, 4, { title: "mine" }))])).copy.sync();
  const second = copyOf(store, json(200, task(1, 4, { title: "mine" })));
  await second.copy.send();
  for (const name of ["Idempotency-Key", "If-Match"]) {
    assert.equal(second.seen[0]?.headers.get(name), first.seen[0]?.headers.get(name));
  }
  assert.equal(await second.copy.pending(), 0);
});

test("the second edit goes on from the answer to the first, unless others changed what it edits", async () => {
  for (const [others, want] of [[null, '"v5"'], ["theirs", '"v3"']] as const) {
    const store = await furnished();
    const { copy, seen } = copyOf(
      store,
      json(200, task(1, 5, { title: "mine", description: others })),
      json(200, task(1, 6)),
    );
    await copy.edit("task", 1, { title: "mine" });
    await copy.edit("task", 1, { description: "mine, too" });
    await copy.send();
    assert.deepEqual(seen.map(({ headers }) => headers.get("If-Match")), ['"v3"', want]);
  }
});

test("a conflict waits for the person, with what depends on it, and nothing else does", async () => {
  const conflicts = { title: { base: "task 1", yours: "mine", current: "theirs" } };
  const refused = () => problem(409, "CONFLICT_DETECTED", { conflicts, current: task(1, 8, { title: "theirs" }) });
  for (const [how, fields, version] of [["keepMine", { title: "mine", priority: "high" }, '"v8"'], ["takeTheirs", { priority: "high" }, '"v8"'], ["discard", null, null]] as const) {
    const store = await furnished();
    const { copy, seen } = copyOf(store, refused(), json(201, task(2, 9)), json(200, task(1, 10)), json(200, task(1, 11)));
    await copy.edit("task", 1, { title: "mine", priority: "high" });
    await copy.edit("task", 1, { description: "later" });
    await copy.create("task", { title: "task 2" });
    await copy.send();
    assert.deepEqual(seen.map(({ method }) => method), ["PATCH", "POST"]);
    const [issue] = await copy.issues();
    assert.ok(issue?.reason === "conflict" && issue.problem?.conflicts?.["title"]?.current === "theirs");
    assert.equal(await copy.pending(), 2);
    await copy[how](issue);
    assert.deepEqual(await copy.issues(), []);
    await copy.send();
    const again = seen[2];
    assert.deepEqual(JSON.parse(again?.body ?? ""), fields ?? { description: "later" });
    if (version) {
      assert.equal(again?.headers.get("If-Match"), version);
      assert.notEqual(again?.headers.get("Idempotency-Key"), seen[0]?.headers.get("Idempotency-Key"));
    }
  }
});

test("what can't be made can be corrected, or discarded with what was done to it", async () => {
  const store = new MemoryStore();
  const { copy, seen } = copyOf(
    store,
    problem(400, "INVALID_REQUEST"),
    json(201, task(5, 1)),
    problem(400, "INVALID_REQUEST"),
    json(201, task(6, 2)),
  );
  const first = await copy.create("task", { title: " " });
  await copy.send();
  const [issue] = await copy.issues();
  assert.equal(issue?.reason, "refused");
  await copy.keepMine(issue as { seq: number }, { title: "better" });
  await copy.send();
  assert.equal(seen[1]?.body, '{"title":"better"}');
  assert.equal(seen[1]?.headers.get("Idempotency-Key"), seen[0]?.headers.get("Idempotency-Key"));
  assert.equal((await copy.get("task", first))?.id, 5);

  const parent = await copy.create("task", { title: " " });
  const child = await copy.create("task", { title: "child", parent_id: parent });
  await copy.edit("task", parent, { description: "x" });
  await copy.move("task", first, { after: parent });
  await copy.send();
  assert.equal(await copy.pending(), 4);
  await copy.discard((await copy.issues())[0] as { seq: number });
  await copy.send();
  assert.equal(seen[3]?.body, '{"title":"child","parent_id":null}');
  assert.equal((await copy.get("task", child))?.id, 6);
  assert.equal(await copy.pending(), 0);
  await assert.rejects(copy.edit("task", parent, { title: "x" }), /there is no task/);
});

test("what is gone is an issue, but to whoever wanted it gone", async () => {
  const store = await furnished();
  const missing = () => problem(404, "RESOURCE_NOT_FOUND");
  const { copy } = copyOf(store, missing(), missing());
  await copy.edit("task", 1, { title: "x" });
  await copy.send();
  assert.deepEqual((await copy.issues()).map(({ reason }) => reason), ["gone"]);
  await copy.discard((await copy.issues())[0] as { seq: number });
  await copy.delete("task", 1);
  await copy.send();
  assert.deepEqual(await copy.issues(), []);
  assert.deepEqual(await titles(copy), []);
});

test("a completion names the occurrence that was seen, and one that wasn't sent can be taken back", async () => {
  const store = new MemoryStore();
  const recurrence = { rule: "FREQ=DAILY", slot: "2026-06-01T00:00:00.000000Z" } as Task["recurrence"];
  await copyOf(store, page("n", [created(3, task(1, 3, { recurrence }))])).copy.sync();
  const { copy, seen } = copyOf(store, json(200, task(1, 4, { recurrence })), json(201, task(2, 5, { recurrence })), json(200, task(2, 6)));
  await copy.complete(1);
  await copy.reopen(1);
  assert.equal(await copy.pending(), 0);
  await copy.complete(1);
  const made = await copy.create("task", { title: "x", due_date: "2026-06-01", recurrence: { rule: "FREQ=DAILY" } });
  await copy.complete(made);
  await copy.send();
  assert.equal(seen[0]?.body, `{"slot":"2026-06-01T00:00:00.000000Z"}`);
  assert.equal(seen[2]?.body, `{"slot":"2026-06-01T00:00:00.000000Z"}`);
});

test("what was sent so long ago that its key is forgotten isn't made a second time unasked", async () => {
  const store = new MemoryStore();
  const { copy } = copyOf(store, new TypeError("cut"));
  await copy.create("task", { title: "x" });
  await assert.rejects(copy.send());
  const late = copyOf(store, problem(404, "RESOURCE_NOT_FOUND"));
  await new Copy(late.todod, store, { keyTime: -1 }).send();
  assert.deepEqual((await copy.issues()).map(({ reason }) => reason), ["uncertain"]);
  assert.match(late.seen[0]?.path ?? "", /operations\/[0-9a-f]{32}$/);
});

test("one sends at a time, and each write is sent once", async () => {
  const store = await furnished();
  let sending = 0;
  const slow = async (request: Request) => {
    assert.equal(++sending, 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    sending--;
    return json(201, task(Number(/\d+/.exec(await request.text())), 9));
  };
  const [one, two] = [copyOf(store, slow, slow, slow, slow), copyOf(store, slow, slow, slow, slow)];
  for (const id of [11, 12, 13, 14]) await one.copy.create("task", { title: `${id}` });
  await Promise.all([one.copy.send(), two.copy.send()]);
  assert.deepEqual([...one.seen, ...two.seen].map(({ body }) => body).sort(), [11, 12, 13, 14].map((id) => `{"title":"${id}"}`));
});

test("a lease that nobody prolongs ends", async () => {
  const store = new MemoryStore();
  const state = await store.transact(async (tx) => (await tx.get("state", 0)) ?? null);
  assert.equal(state, null);
  await store.transact(async (tx) =>
    tx.put("state", 0, { next: null, rev: 0, seen: 0, snapshot: true, generation: 0, seq: 0, temporary: 0, lease: { owner: "crashed", until: Date.now() + 50 } }),
  );
  assert.equal(await inTurn(store, new AbortController().signal, async () => "done"), "done");
});

test("a copy that is followed takes in events, and reads everything anew when it has to", async () => {
  const event = (change: Change) => `event: ${change.op}\ndata: ${JSON.stringify(change)}\nid: ${change.rev}\n\n`;
  const hello = (rev: number) => `event: hello\ndata: {"rev":${rev}}\nid: ${rev}\n\n`;
  const reset = (rev: number) => `event: reset\ndata: {"rev":${rev}}\nid: ${rev}\n\n`;
  const snapshots = [
    page("a", [created(3, task(1, 3)), created(2, task(2, 2))]),
    page("b", [gone(6, 2), created(7, task(4, 7))]), // after the hello that was above
    page("d", [created(7, task(4, 7))]), // after the reset
  ];
  const streams = [
    hello(3) + event(created(3, task(9, 3))) + event(created(4, task(3, 4))) + event(gone(5, 1)),
    hello(7) + event(created(8, task(5, 8))),
    reset(20) + event(created(21, task(6, 21))),
  ];
  const asked: string[] = [];
  const since: (string | null)[] = [];
  const todod = new Todod({
    baseUrl: "http://todod",
    backoff: { first: 1, max: 2 },
    reconnect: 1,
    token: async () => "t",
    fetch: async (request) => {
      const { pathname, search } = new URL(request.url);
      if (pathname.endsWith("/sync")) {
        asked.push(new URLSearchParams(search).get("since") ?? "");
        return snapshots.shift() ?? page("z", []);
      }
      since.push(request.headers.get("Last-Event-ID"));
      const text = streams.shift();
      const reply = stream(text ?? hello(21), streams.length === 0);
      return typeof reply === "function" ? reply(request) : Promise.reject(reply);
    },
  });
  const copy = new Copy(todod, new MemoryStore());
  const stop = new AbortController();
  const running = copy.run({ signal: stop.signal });
  await new Promise<void>((resolve) => {
    const end = copy.subscribe(async () => {
      if (!(await titles(copy)).includes("task 6")) return;
      end();
      resolve();
    });
  });
  stop.abort();
  await running;
  assert.deepEqual(await titles(copy), ["task 4", "task 6"]);
  assert.deepEqual(asked, ["", "a", ""]);
  assert.deepEqual(since, ["3", "5", "8"]);
});

test("what wasn't sent is taken back here, with what depends on it; what was, at todod", async () => {
  const keys: string[] = [];
  const store = await furnished();
  const { fetch, seen } = fake(json(200, task(1, 4, { title: "mine" })), json(200, { changes: [], change_set: 5, total: 1, has_more: false }), page("n2", [created(5, task(1, 5))]));
  const todod = new Todod({ baseUrl: "http://todod", attempts: 1, token: async () => "t", fetch });
  const copy = new Copy(todod, store, { onWrite: (key) => keys.push(key) });
  await copy.edit("task", 1, { title: "mine" });
  await copy.send();
  const list = await copy.create("list", { name: "Trip" });
  await copy.create("task", { title: "Pack", list_id: list });
  await copy.undo(keys[1] ?? "");
  assert.deepEqual((await copy.all()).lists, []);
  assert.deepEqual((await copy.all()).tasks.map(({ title, list_id }) => [title, list_id]), [["Pack", null], ["mine", null]]);
  await copy.undo(keys[2] ?? "");
  assert.equal(seen.length, 1);
  await copy.undo(keys[0] ?? "");
  assert.deepEqual([seen[1]?.path, seen[1]?.body], ["/api/v1/undo", JSON.stringify({ key: keys[0] })]);
  assert.deepEqual(await titles(copy), ["task 1"]);
});

test("what is on its way is taken back by its opposite, also without a connection", async () => {
  const keys: string[] = [];
  const store = await furnished();
  const { fetch } = fake(new Error("no connection"));
  const todod = new Todod({ baseUrl: "http://todod", attempts: 1, token: async () => "t", fetch });
  const copy = new Copy(todod, store, { onWrite: (key) => keys.push(key) });
  await copy.edit("task", 1, { title: "mine", priority: "high" });
  await assert.rejects(copy.send());
  await copy.create("task", { title: "new" });
  assert.deepEqual(await titles(copy), ["new", "mine"]);
  await copy.undo(keys[1] ?? "");
  await copy.undo(keys[0] ?? "");
  assert.deepEqual(await titles(copy), ["task 1"]);
  assert.equal(await copy.pending(), 2);
});
