// The queue of a person's own writes, in a store. They are sent in their order, one at a time; one that was refused waits for
// the person, and with it those that depend on it.

import { newKey } from "./send.ts";
import { idsOf, stateOf, type Transaction } from "./store.ts";
import type { Kind, Patches, Things } from "./types.ts";
import { changes, type Entry, type Fields, mapIds, referencesOf, type Refusal, requestOf, type Sent, type Write } from "./write.ts";

/** Returns a temporary id for a thing that todod hasn't heard of yet. */
export async function temporaryId(tx: Transaction): Promise<number> {
  const state = await stateOf(tx);
  state.temporary--;
  tx.put("state", 0, state);
  return state.temporary;
}

/** Puts a write at the end of the outbox. One to a thing whose creation was discarded is an error. */
export async function add(tx: Transaction, write: Write, key: string, madeAt: string): Promise<void> {
  if (write.op !== "create" && (await idsOf(tx))(write.id) < 0) {
    const made = (await tx.all("outbox")).some((entry) => entry.write.op === "create" && entry.write.id === write.id);
    if (!made) throw new Error(`there is no ${write.kind} ${write.id}`);
  }
  const known = write.op === "edit" ? await latest(tx, write.id) : undefined;
  const state = await stateOf(tx);
  state.seq++;
  tx.put("state", 0, state);
  tx.put("outbox", state.seq, {
    seq: state.seq,
    key,
    madeAt,
    write,
    base: known?.version ?? 0,
    seen: known && "fields" in write ? pick(known, Object.keys(write.fields)) : {},
    state: "waiting",
    sent: null,
    refusal: null,
    answer: null,
  });
}

/** Returns a thing as todod told of it last, in an answer or by sync; undefined if it hasn't. */
export async function latest(tx: Transaction, id: number): Promise<Things[Kind] | undefined> {
  const real = (await idsOf(tx))(id);
  let thing: Things[Kind] | undefined = (await tx.get("rows", real))?.thing;
  for (const { answer } of await tx.all("outbox")) {
    if (answer?.id === real && answer.version > (thing?.version ?? 0)) thing = answer;
  }
  return thing;
}

/** Returns the fields of a thing with these names. */
function pick(thing: object, names: readonly string[]): Fields {
  const all = thing as Fields;
  return Object.fromEntries(names.map((name) => [name, all[name]]));
}

/** Returns the next write that can be sent now, undefined if there is none. */
export async function sendable(tx: Transaction): Promise<Entry | undefined> {
  const idOf = await idsOf(tx);
  const held = new Set<number>();
  for (const entry of await tx.all("outbox")) {
    if (entry.state === "answered") continue;
    const id = idOf(entry.write.id);
    const needs = referencesOf(entry.write).map(idOf);
    if (entry.write.op !== "create") needs.push(id);
    if (entry.state === "waiting" && !held.has(id) && needs.every((other) => other > 0)) return entry;
    held.add(id);
  }
  return undefined;
}

/** Returns the next write that can be sent now with its request, which is kept first: from now on it never changes. */
export async function next(tx: Transaction, now: number): Promise<(Entry & { sent: Sent }) | undefined> {
  const entry = await sendable(tx);
  if (!entry) return undefined;
  const sent = entry.sent ?? { ...requestOf(entry, await idsOf(tx)), at: now };
  tx.put("outbox", entry.seq, { ...entry, sent });
  return { ...entry, sent };
}

/** Returns the entry of this number if it still waits for an answer to the request of this key. */
async function waiting(tx: Transaction, { seq, key }: Entry): Promise<Entry | undefined> {
  const entry = await tx.get("outbox", seq);
  return entry?.state === "waiting" && entry.key === key && entry.sent ? entry : undefined;
}

/** Notes what a write was answered with, null for nothing, and has the later ones go on from there. */
export async function settle(tx: Transaction, sent: Entry, answer: Things[Kind] | null): Promise<void> {
  const entry = await waiting(tx, sent);
  if (!entry) return; // another tab was faster
  const { write } = entry;
  if (write.op === "create" && answer) tx.put("ids", write.id, { temporary: write.id, id: answer.id });
  const state = await stateOf(tx);
  if (answer && !state.snapshot && answer.version <= state.rev) tx.delete("outbox", entry.seq);
  else tx.put("outbox", entry.seq, { ...entry, state: "answered", answer });
  if (!answer) return;
  const idOf = await idsOf(tx);
  for (const later of await tx.all("outbox")) {
    if (later.seq <= entry.seq || later.sent || idOf(later.write.id) !== answer.id) continue;
    if (goOn(later, write, answer)) tx.put("outbox", later.seq, later);
  }
}

/**
 * Has a later write of the same thing go on from what an earlier one was answered with, and returns whether it does. It stays
 * with the version that the person saw if others have changed since what it edits: then todod will say so.
 */
function goOn(later: Entry, earlier: Write, answer: Things[Kind]): boolean {
  const { write } = later;
  if (write.op === "complete" || write.op === "skip") {
    if (write.slot !== null || earlier.op !== "create" || !("recurrence" in answer)) return false;
    write.slot = answer.recurrence?.slot ?? null; // the occurrence that was there when the task was made
    return true;
  }
  if (write.op !== "edit" || answer.version <= later.base) return false;
  const now = pick(answer, Object.keys(write.fields));
  const own = changes(earlier);
  const foreign = Object.keys(write.fields).filter((name) => !own.includes(name));
  if (earlier.op !== "create" && foreign.some((name) => !same(now[name], later.seen[name]))) return false;
  later.base = answer.version;
  later.seen = now;
  return true;
}

/** Reports whether two values of JSON are the same. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Notes that a write was refused. */
export async function refuse(tx: Transaction, sent: Entry, refusal: Refusal): Promise<void> {
  const entry = await waiting(tx, sent);
  if (entry) tx.put("outbox", entry.seq, { ...entry, state: "refused", refusal });
}

/** Returns the refused entry of this number. */
async function refused(tx: Transaction, seq: number): Promise<(Entry & { refusal: Refusal }) | undefined> {
  const entry = await tx.get("outbox", seq);
  return entry?.state === "refused" ? (entry as Entry & { refusal: Refusal }) : undefined;
}

/**
 * Has a refused write sent again, over what others have done, with `correction` instead of those of its fields. One that was
 * refused was not made, so it keeps its key, unless it edits another version now.
 */
export async function insist(tx: Transaction, seq: number, correction: Fields = {}): Promise<void> {
  const entry = await refused(tx, seq);
  if (!entry) return;
  const { refusal, write } = entry;
  if ("fields" in write) write.fields = { ...write.fields, ...correction } as Patches[Kind];
  if (write.op === "edit" && refusal.reason !== "refused") {
    const current = refusal.problem?.current ?? (await latest(tx, write.id));
    entry.key = newKey();
    entry.base = current?.version ?? 0;
    entry.seen = current ? pick(current, Object.keys(write.fields)) : {};
  }
  tx.put("outbox", seq, { ...entry, state: "waiting", sent: null, refusal: null });
}

/** Gives up the fields of a refused write that others have changed, and has the rest sent; all of it if that is all. */
export async function giveIn(tx: Transaction, seq: number): Promise<void> {
  const entry = await refused(tx, seq);
  if (!entry) return;
  const conflicts = Object.keys(entry.refusal.problem?.conflicts ?? {});
  if (entry.write.op === "edit" && conflicts.length > 0) {
    const rest = Object.entries(entry.write.fields).filter(([name]) => !isPartOf(name, conflicts));
    if (rest.length > 0) {
      entry.write.fields = Object.fromEntries(rest) as Patches[Kind];
      tx.put("outbox", seq, entry);
      return insist(tx, seq);
    }
  }
  return discard(tx, seq);
}

/** Reports whether a field is one of these, or belongs to it, as `due_zone` does to `due_date`. */
function isPartOf(name: string, fields: readonly string[]): boolean {
  return fields.some((field) => name === field || name.split("_", 1)[0] === field.replace(/_date$/, ""));
}

/** Takes a refused write out of the outbox, and what depends on it. See drop. */
export async function discard(tx: Transaction, seq: number): Promise<void> {
  const entry = await refused(tx, seq);
  if (entry) await drop(tx, entry);
}

/** Takes the write of a key out of the outbox, if todod hasn't made it for sure; returns whether it did. */
export async function withdraw(tx: Transaction, key: string): Promise<boolean> {
  const entry = (await tx.all("outbox")).find((entry) => entry.key === key);
  const unmade = entry?.state === "refused" ? entry.refusal?.reason !== "uncertain" : entry?.state === "waiting" && !entry.sent;
  if (entry && unmade) await drop(tx, entry);
  return entry !== undefined && unmade;
}

/**
 * Returns the write that takes back what the write of a key does, which was sent and may have arrived; undefined if that was
 * answered, or if there is no such write.
 */
export async function opposite(tx: Transaction, key: string): Promise<Write | undefined> {
  const entry = (await tx.all("outbox")).find((entry) => entry.key === key);
  if (entry?.state !== "waiting") return undefined;
  const { write } = entry;
  const { kind, id } = write;
  if (write.op === "create") return { op: "delete", kind, id };
  if (write.op === "complete" && write.slot === null) return { op: "edit", kind: "task", id, fields: { completed: false } };
  const before = write.op === "edit" ? await latest(tx, id) : undefined;
  return before && "fields" in write ? ({ op: "edit", kind, id, fields: writable(before, Object.keys(write.fields)) } as Write) : undefined;
}

/** Returns fields of a thing as they are sent: days without a time, and of a recurrence what can be written. */
function writable(thing: Things[Kind], names: readonly string[]): Fields {
  const all = thing as unknown as Fields;
  const fields = pick(thing, names);
  for (const [name, allDay] of [["due_date", "due_all_day"], ["start_date", "start_all_day"]] as const) {
    if (typeof fields[name] === "string" && all[allDay]) fields[name] = fields[name].slice(0, 10);
  }
  if (fields["recurrence"]) fields["recurrence"] = pick(fields["recurrence"], ["rule", "from", "late", "month_end"]);
  return fields;
}

/**
 * Takes a write out of the outbox. If it made something, later writes to that go, too, and others no longer refer to it: a task
 * is in no list then, for one whose list there won't be.
 */
async function drop(tx: Transaction, entry: Entry): Promise<void> {
  const { seq } = entry;
  tx.delete("outbox", seq);
  if (entry.write.op !== "create") return;
  const lost = new Set([entry.write.id]);
  for (const later of await tx.all("outbox")) {
    const { write } = later;
    if (later.seq === seq) continue;
    const beside = write.op === "move" && [write.fields.after, write.fields.before].some((id) => lost.has(Number(id)));
    if (lost.has(write.id) || beside) {
      tx.delete("outbox", later.seq);
      continue;
    }
    if ("fields" in write && referencesOf(write).some((id) => lost.has(id))) {
      write.fields = mapIds(write.fields, (id) => (lost.has(id) ? null : id)) as Patches[Kind];
      tx.put("outbox", later.seq, later);
    }
  }
}

/** Takes the completions of a task that were not sent yet out of the outbox, and returns whether there were any. */
export async function takeBack(tx: Transaction, id: number): Promise<boolean> {
  const idOf = await idsOf(tx);
  const unsent = (await tx.all("outbox")).filter(
    ({ write, sent, state }) => write.op === "complete" && idOf(write.id) === idOf(id) && !sent && state === "waiting",
  );
  for (const { seq } of unsent) tx.delete("outbox", seq);
  return unsent.length > 0;
}
