// Somebody does a thousand things on a device whose connection is cut again and again, while another device of theirs changes
// the same tasks and the server is killed now and then. Afterwards what the device shows is what the server has, and everything
// that was done was done once.
//
// Told by test/client, which runs todod, two ways to it (TODOD_URL, where connections are cut, and STEADY_URL, where they
// aren't) and does what the story asks for: a line "please …" on standard output, answered with a line on standard input. SEED
// makes the story, OPERATIONS says how long it is. With CHROMIUM, the device is a page of that browser (PAGE is its script),
// which is reloaded in the middle of things; else it is here, and its store is in memory.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { setTimeout as rest } from "node:timers/promises";
import { type Fields, type Kind, MemoryStore, must, type PastChange, type SessionTokens, type Task, Todod, TododError } from "../src/index.ts";
import { Device, type Sight } from "./device.ts";

const { TODOD_URL = "", STEADY_URL = "", SEED = "1", OPERATIONS = "1000", CHROMIUM, PAGE = "", PLAYWRIGHT = "" } = process.env;
const operations = Number(OPERATIONS);
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Has the Go test do something, and waits until it is done. */
async function please(what: string): Promise<void> {
  console.log(`please ${what}`);
  await answers.next();
}

/** Returns a random number from 0 to below 1 (mulberry32). */
function random(): number {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
let seed = Number(SEED);

/** Returns one of these, undefined of none. */
function one<T>(items: readonly T[]): T | undefined {
  return items[Math.floor(random() * items.length)];
}

/** The calls of a device, wherever it is. */
type Calls = Pick<Device, "see" | "create" | "edit" | "complete" | "skip" | "reopen" | "move" | "delete" | "pending" | "issues" | "resolve" | "sync" | "failures">;

/** A device that can be opened anew, in the middle of what it does. */
interface Host {
  device: Calls;
  /** Opens it anew. What was called meanwhile may have been done or not, and never returns. */
  reload(): Promise<void>;
  end(): Promise<void>;
}

/** Returns a device in this process. */
function here(session: SessionTokens): Host {
  const store = new MemoryStore();
  let device = new Device(TODOD_URL, session, store);
  return {
    get device() {
      return device;
    },
    async reload() {
      await device.end();
      device = new Device(TODOD_URL, session, store);
    },
    end: () => device.end(),
  };
}

/** What is used of playwright-core. */
interface Playwright {
  chromium: {
    launch(options: { executablePath: string; args: string[] }): Promise<{ newPage(): Promise<Page>; close(): Promise<void> }>;
  };
}

/** What is used of a page. */
interface Page {
  goto(url: string): Promise<unknown>;
  evaluate<A, R>(work: (args: A) => R, args: A): Promise<Awaited<R>>;
}

/** Returns a device in a page of Chromium. */
async function inPage(session: SessionTokens): Promise<Host> {
  const { chromium } = (await import(PLAYWRIGHT)) as Playwright;
  const script = await readFile(PAGE, "utf8");
  const server = createServer((request, response) => {
    const isScript = request.url === "/device.js";
    response.writeHead(200, { "Content-Type": isScript ? "text/javascript" : "text/html" });
    response.end(isScript ? script : '<!doctype html><title>device</title><script src="/device.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(address && typeof address === "object");
  const browser = await chromium.launch({
    executablePath: CHROMIUM ?? "",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  const page = await browser.newPage();
  const open = async () => {
    await page.goto(`http://127.0.0.1:${address.port}/`);
    await page.evaluate(([url, session]) => {
      const { Device } = (globalThis as unknown as { todod: { Device: new (...args: unknown[]) => unknown } }).todod;
      Object.assign(globalThis, { device: new Device(url, session, "copy") });
    }, [TODOD_URL, session] as const);
  };
  await page.goto(`http://127.0.0.1:${address.port}/`);
  const check = () => (globalThis as unknown as { todod: { checkIndexedDB(): Promise<number> } }).todod.checkIndexedDB();
  assert.equal(await page.evaluate(check, undefined), 8);
  await open();
  const call = (name: string) => (...args: unknown[]) =>
    page.evaluate(
      ([name, args]) => {
        const { device } = globalThis as unknown as { device: Record<string, (...args: unknown[]) => unknown> };
        return device[name]?.(...args);
      },
      [name, args] as const,
    );
  const device = new Proxy({}, { get: (_, name) => call(String(name)) }) as Calls;
  return {
    device,
    reload: open,
    async end() {
      await browser.close();
      server.close();
    },
  };
}

// What was done, and has to have come of it.
const made = new Map<string, { kind: Kind; id: number }>(); // by title or name, which says who made it and when
const dropped = new Set<number>(); // temporary ids of what was discarded
const edits = new Map<string, { id: number; disputed: boolean }>(); // by description

const tries = { attempts: 100, backoff: { first: 20, max: 200 } };
const other = new Todod({ baseUrl: STEADY_URL, ...tries });
let session: SessionTokens | null = null;
const owner = new Todod({ baseUrl: STEADY_URL, ...tries, onSession: (tokens) => (session = tokens) });
const credentials = { email: `seed${SEED}@example.com`, password: "correct horse battery" };
await owner.register({ name: "Somebody", ...credentials });
await other.signIn(credentials);
assert.ok(session);
const { refreshToken } = session as SessionTokens;
// The device begins with a token that is no good, and has to renew it.
const host = await (CHROMIUM ? inPage : here)({ token: "long since expired", refreshToken });

/** What is on the screen, which is drawn anew only now and then. */
let shown: Sight | undefined;

/** Does one thing on the device. */
async function act(n: number): Promise<void> {
  const { device } = host;
  if (n % 3 === 0 || !shown) shown = await device.see();
  const sight = shown;
  const task = one(sight.task);
  const list = one(sight.list);
  const dice = random();
  if (dice < 0.28 || !task) {
    const title = `t${n}`;
    const fields: Fields = { title };
    if (list && random() < 0.4) fields["list_id"] = list["id"];
    else if (task && random() < 0.2 && !task["parent_id"]) fields["parent_id"] = task["id"];
    const labels = sight.label.filter(() => random() < 0.3).map(({ id }) => id);
    if (labels.length > 0) fields["label_ids"] = labels;
    if (random() < 0.15 && !fields["parent_id"]) {
      Object.assign(fields, { due_date: "2026-01-01", recurrence: { rule: "FREQ=DAILY", late: "each" } });
    }
    made.set(title, { kind: "task", id: await device.create("task", fields) });
  } else if (dice < 0.33) {
    const kind = random() < 0.5 ? "list" : "label";
    made.set(`t${n}`, { kind, id: await device.create(kind, { name: `t${n}` }) });
  } else if (dice < 0.63) {
    const id = Number(task["id"]);
    const fields: Fields = { description: `t${n}` };
    if (random() < 0.3) fields["priority"] = one(["low", "medium", "high"]);
    if (list && random() < 0.1 && !task["parent_id"]) fields["list_id"] = list["id"];
    await device.edit("task", id, fields);
    edits.set(`t${n}`, { id, disputed: false });
  } else if (dice < 0.75) {
    await (task["completed"] ? device.reopen(Number(task["id"])) : device.complete(Number(task["id"])));
  } else if (dice < 0.78) {
    const recurring = one(sight.task.filter(({ recurrence, completed }) => recurrence && !completed));
    if (recurring) await device.skip(Number(recurring["id"]));
  } else if (dice < 0.86) {
    const sibling = one(sight.task.filter(({ list_id, parent_id }) => list_id === task["list_id"] && parent_id === task["parent_id"]));
    const neighbour = sibling && sibling !== task && random() < 0.8 ? sibling["id"] : null;
    await device.move("task", Number(task["id"]), random() < 0.5 ? { after: neighbour } : { before: neighbour });
  } else if (dice < 0.9 && list) {
    if (random() < 0.5) await device.edit("list", Number(list["id"]), { color: "#1e90ff" });
    else await device.move("list", Number(list["id"]), { after: null });
  } else if (dice < 0.95) {
    await device.delete("task", Number(task["id"]));
  } else if (dice < 0.96 && list) {
    await device.delete("list", Number(list["id"]));
  } else if (dice < 0.97) {
    const label = one(sight.label);
    if (label) await device.delete("label", Number(label["id"]));
  } else {
    await device.edit("task", Number(task["id"]), { title: " " }); // against the rules
  }
}

/** Does one thing on the other device, with what the server has. */
async function interfere(n: number): Promise<void> {
  const tasks = await all(other.tasks({ limit: 1000 }));
  const task = one(tasks);
  const dice = random();
  if (!task || dice < 0.2) {
    await must(other.api.POST("/api/v1/tasks", { body: { title: `o${n}` } }));
    made.set(`o${n}`, { kind: "task", id: 0 });
    return;
  }
  const params = { path: { id: task.id } };
  if (dice < 0.75) {
    const body = random() < 0.5 ? { description: `o${n}` } : { priority: "high" as const };
    await must(other.api.PATCH("/api/v1/tasks/{id}", { params, body }));
  } else if (dice < 0.85) {
    await must(other.api.POST("/api/v1/tasks/{id}/complete", { params }));
  } else if (dice < 0.93) {
    await must(other.api.POST("/api/v1/tasks/{id}/move", { params, body: { after: null } }));
  } else {
    await must(other.api.DELETE("/api/v1/tasks/{id}", { params }));
  }
}

/** Passes over it if the device was faster than the other one, so that its task is gone or somewhere else. */
function faster(error: unknown): void {
  if (!(error instanceof TododError) || ![400, 404].includes(error.status)) throw error;
}

/** Decides about some of what was refused, or all of it. */
async function decide(chance: number): Promise<void> {
  for (const issue of await host.device.issues()) {
    if (random() >= chance) continue;
    assert.notEqual(issue.reason, "uncertain");
    assert.notEqual(issue.status, 422, `a key was used twice: ${JSON.stringify(issue)}`);
    const edit = edits.get(issue.text);
    if (edit) edit.disputed = true;
    const can = issue.reason === "conflict" || issue.reason === "changed";
    let how = can ? (one(["keepMine", "takeTheirs", "discard"] as const) ?? "discard") : ("discard" as const);
    if (issue.op === "create" && random() < 0.5) how = "keepMine";
    const correction = issue.op === "create" ? corrections[issue.kind] : {};
    if (how === "discard" && issue.op === "create") dropped.add(issue.id);
    refusals.set(`${issue.op} ${issue.reason}`, (refusals.get(`${issue.op} ${issue.reason}`) ?? 0) + 1);
    await host.device.resolve(issue.seq, how, correction);
    shown = undefined;
  }
}
const corrections = { task: { list_id: null, parent_id: null, label_ids: [] }, list: {}, label: {} };
const refusals = new Map<string, number>();

/** Opens the device anew while it does something. */
async function reloadWhileActing(n: number): Promise<void> {
  const acting = act(n).then(
    () => true,
    () => false, // it went away with the page
  );
  shown = undefined;
  await rest(random() * 10);
  await host.reload();
  if ((await acting) || made.has(`t${n}`) || edits.has(`t${n}`)) return;
  // Whether it was done before the page went, the store knows.
  const sight = await host.device.see();
  for (const kind of ["task", "list", "label"] as const) {
    const found = sight[kind].find(({ title, name }) => title === `t${n}` || name === `t${n}`);
    if (found) made.set(`t${n}`, { kind, id: Number(found["id"]) });
    const edited = sight[kind].find(({ description }) => description === `t${n}`);
    if (edited) edits.set(`t${n}`, { id: Number(edited["id"]), disputed: true });
  }
  unsure.add(`t${n}`);
}
const unsure = new Set<string>(); // things done of which the page told nothing any more

/** Returns all that comes. */
async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const got: T[] = [];
  for await (const item of items) got.push(item);
  return got;
}

/** Returns what the server has, as a device would show it. */
async function truth(): Promise<Sight> {
  const task = await all(other.tasks({ limit: 1000 }));
  const list = await must(other.api.GET("/api/v1/lists", { params: { query: { archived: "any" } } }));
  const label = await must(other.api.GET("/api/v1/labels"));
  return JSON.parse(JSON.stringify({ task, list, label })) as Sight;
}

/** Puts things in the order of their ids. */
function ordered({ task, list, label }: Sight): Sight {
  const by = (things: Fields[]) => things.sort((a, b) => Number(a["id"]) - Number(b["id"]));
  return { task: by(task), list: by(list), label: by(label) };
}

for (let n = 1; n <= operations; n++) {
  if (n % 60 === 0) await reloadWhileActing(n);
  else await act(n);
  if (random() < 0.15) await interfere(n).catch(faster);
  if (random() < 0.1) await decide(0.5);
  if (random() < 0.3) await rest(random() * 8);
  if (n % 250 === 125) console.log("please kill and restart todod"); // meanwhile the person goes on
}

await please("cut nothing any more");
for (let waits = 0; (await host.device.pending()) > 0; waits++) {
  assert.ok(waits < 3000, `still waiting: ${await host.device.pending()}, ${(await host.device.failures()).slice(-3).join(", ")}`);
  await decide(1);
  await rest(20);
}
await host.device.sync();

// The copy is what the server has.
const server = ordered(await truth());
assert.deepEqual(ordered(await host.device.see()), server);

// And so it is when it is opened anew, and when the other device changes something more, which comes by itself.
await host.reload();
assert.deepEqual(ordered(await host.device.see()), server);
const last = await must(other.api.POST("/api/v1/tasks", { body: { title: "at last" } }));
made.set("at last", { kind: "task", id: 0 });
for (let waits = 0; !(await host.device.see()).task.some(({ id }) => id === last.id); waits++) {
  assert.ok(waits < 1500, "what the other device does doesn't come");
  await rest(20);
}

// Everything that was made is there once, in the trash or not, and nothing else is.
const count = new Map<string, number>();
const note = (name: string) => count.set(name, (count.get(name) ?? 0) + 1);
const tasks: Task[] = [...(await all(other.tasks({ limit: 1000 })))];
for (const { title } of tasks) note(title);
for (const { name } of [...server.list, ...server.label]) note(String(name));
const trashed: number[] = [];
for (const kind of ["task", "list", "label"] as const) {
  for (const thing of await all(other.trash(kind))) {
    const { title, name } = thing as unknown as Fields;
    note(String(title ?? name));
    if (kind === "task") trashed.push(thing.id);
  }
}
for (const [name, { id }] of made) {
  const want = dropped.has(id) ? 0 : 1;
  assert.equal(count.get(name) ?? 0, want, `${name} is there ${count.get(name) ?? 0} times, not ${want}`);
}
for (const [name, times] of count) assert.ok((made.has(name) || unsure.has(name)) && times === 1, `${name} is there ${times} times`);

// Every edit was made once; one that was disputed, or went with what was discarded, at most once.
const happened = new Map<string, number>();
for (const id of [...tasks.map(({ id }) => id), ...trashed]) {
  const history: PastChange[] = await all(other.history("task", id));
  for (const { changes } of history) {
    const text = (changes as Record<string, unknown[]>)["description"]?.[1];
    if (typeof text === "string") happened.set(text, (happened.get(text) ?? 0) + 1);
  }
}
let certain = 0;
for (const [text, { id, disputed }] of edits) {
  const times = happened.get(text) ?? 0;
  assert.ok(times <= 1, `${text} was edited ${times} times`);
  if (disputed || dropped.has(id)) continue;
  certain++;
  assert.equal(times, 1, `the edit ${text} of ${id} is lost`);
}

// No occurrence was completed twice.
const slots = new Set<string>();
for (const { task_id, slot } of await all(other.completions({ limit: 1000 }))) {
  if (slot === null) continue;
  assert.ok(!slots.has(`${task_id} ${slot}`), `${task_id} was completed twice for ${slot}`);
  slots.add(`${task_id} ${slot}`);
}

const failures = (await host.device.failures()).length;
await host.end();
console.log(
  `seed ${SEED}: ${made.size} things made, ${certain} of ${edits.size} edits beyond dispute, ${slots.size} occurrences, ` +
    `${unsure.size} reloads in the middle, ${failures} failures since the last, ` +
    `refused: ${[...refusals].map(([what, times]) => `${times} × ${what}`).join(", ") || "nothing"}`,
);
process.exit();
