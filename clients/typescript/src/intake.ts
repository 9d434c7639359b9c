// How what todod tells gets into a copy. Everything up to State.rev is in it, so whatever comes from below is known already:
// that is why sync and event streams, of several tabs even, can bring the same things in any order.

import { type Row, type State, stateOf, type Transaction } from "./store.ts";
import type { Change, Kind, SyncPage } from "./types.ts";

/** Returns what a change tells of: its kind, and the thing or what is left of it. */
function subject(change: Change): { kind: Kind; id: number; version: number; row: Omit<Row, "generation"> | null } {
  const kind = change.kind ?? "task";
  const thing = change[kind];
  if (!thing) throw new Error(`a change of a ${kind} without one`);
  const row = "deleted_at" in thing ? null : ({ kind, thing } as Omit<Row, "generation">);
  return { kind, id: thing.id, version: thing.version, row };
}

/** Puts what a change tells into the copy, unless what is there is newer. */
async function put(tx: Transaction, state: State, change: Change): Promise<void> {
  const { id, row } = subject(change);
  const was = await tx.get("rows", id);
  if (was && was.generation === state.generation && was.thing.version > change.rev) return;
  if (row) tx.put("rows", id, { ...row, generation: state.generation } as Row);
  else if (was) tx.delete("rows", id);
}

/** Takes in the page that `since` was answered with, and returns whether it goes on from where the copy stands. */
export async function takePage(tx: Transaction, since: string | null, page: SyncPage): Promise<boolean> {
  const state = await stateOf(tx);
  if (state.next !== since) return false;
  for (const change of page.changes) {
    if (change.rev > state.rev) await put(tx, state, change);
    state.seen = Math.max(state.seen, change.rev);
  }
  state.next = page.next;
  if (!page.has_more && state.snapshot) {
    for (const row of await tx.all("rows")) {
      if (row.generation !== state.generation) tx.delete("rows", row.thing.id);
    }
    state.snapshot = false;
  }
  if (!state.snapshot) {
    state.rev = Math.max(state.rev, state.seen);
    await dropKnown(tx, state.rev);
  }
  tx.put("state", 0, state);
  return true;
}

/**
 * Has everything read anew, if the copy still stands where `since` says. What doesn't come again goes then. `rev` is the
 * revision that the server was at, 0 if that isn't known.
 */
export async function beginAnew(tx: Transaction, since: string | null, rev: number): Promise<void> {
  const state = await stateOf(tx);
  if (state.next !== since) return;
  tx.put("state", 0, { ...state, next: null, rev: 0, seen: rev, snapshot: true, generation: state.generation + 1 });
}

/**
 * Takes in a change from an event stream, next after `previous` there. Returns false if changes before it are missing: then
 * the copy has to sync.
 */
export async function takeChange(tx: Transaction, change: Change, previous: number): Promise<boolean> {
  const state = await stateOf(tx);
  if (state.snapshot || previous > state.rev) return false;
  if (change.rev <= state.rev) return true;
  await put(tx, state, change);
  state.rev = change.rev;
  state.seen = Math.max(state.seen, change.rev);
  await dropKnown(tx, state.rev);
  tx.put("state", 0, state);
  return true;
}

/** Removes the answered writes whose outcome is in the copy. */
async function dropKnown(tx: Transaction, rev: number): Promise<void> {
  for (const { seq, state, answer } of await tx.all("outbox")) {
    if (state === "answered" && answer && answer.version <= rev) tx.delete("outbox", seq);
  }
}
