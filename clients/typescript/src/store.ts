import type { Entry } from "./write.ts";
import type { Kind, Things } from "./types.ts";

/** A thing as todod told of it last. */
export type Row = { [K in Kind]: { kind: K; thing: Things[K]; generation: number } }[Kind];

/** Where a copy stands. */
export interface State {
  /** Where sync goes on; null before its first page. */
  next: string | null;
  /** All changes up to this revision are in the copy; 0 while everything is read anew. */
  rev: number;
  /** The highest revision that was seen. */
  seen: number;
  /** Whether everything is being read anew: then rows of an older generation go once that is done. */
  snapshot: boolean;
  generation: number;
  /** The number of the last entry of the outbox. */
  seq: number;
  /** The last temporary id, which counts down. */
  temporary: number;
  /** Whose turn it is to send, where there are no Web Locks. */
  lease: { owner: string; until: number } | null;
}

/** The tables of a store, each of which has a number for its key. */
export interface Tables {
  /** Things by id. */
  rows: Row;
  /** Writes by their number. */
  outbox: Entry;
  /** The ids that todod gave, by the temporary ones. */
  ids: { temporary: number; id: number };
  /** One State, under 0. */
  state: State;
}

/** The names of the tables. */
export const tableNames = ["rows", "outbox", "ids", "state"] as const satisfies readonly (keyof Tables)[];

/** What can be done in one step. Values that come out belong to the caller. */
export interface Transaction {
  /** Returns what is under a key. */
  get<T extends keyof Tables>(table: T, key: number): Promise<Tables[T] | undefined>;
  /** Returns all that is in a table, in the order of the keys. */
  all<T extends keyof Tables>(table: T): Promise<Tables[T][]>;
  put<T extends keyof Tables>(table: T, key: number, value: Tables[T]): void;
  delete(table: keyof Tables, key: number): void;
}

/** Keeps a person's copy and outbox. */
export interface Store {
  /** What the store is called, the same for everyone who opens it; undefined if nobody else can. */
  readonly name?: string;
  /**
   * Does something in one step: nobody else changes anything meanwhile, and what it puts and deletes is kept together, or not
   * at all if it throws. It may wait for nothing but the transaction. Resolves once that is kept.
   */
  transact<R>(work: (tx: Transaction) => Promise<R>): Promise<R>;
  /** Has a function called when others, in other tabs, may have changed something; returns what ends that. */
  watch?(changed: () => void): () => void;
}

/** Returns where the copy stands. */
export async function stateOf(tx: Transaction): Promise<State> {
  const first = { next: null, rev: 0, seen: 0, snapshot: true, generation: 0, seq: 0, temporary: 0, lease: null };
  return (await tx.get("state", 0)) ?? first;
}

/** Returns a function that finds the id for what may be a temporary one: itself if todod has given none yet. */
export async function idsOf(tx: Transaction): Promise<(id: number) => number> {
  const ids = new Map((await tx.all("ids")).map(({ temporary, id }) => [temporary, id]));
  return (id) => ids.get(id) ?? id;
}
