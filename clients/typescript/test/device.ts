// A device of somebody who works without thinking of the connection: a copy that is followed, and methods that take and return
// nothing but JSON, so that they can be called in Node and through a page of a browser.

import { Copy, type Fields, IndexedDBStore, type Kind, type SessionTokens, type Store, Todod } from "../src/index.ts";
import { stateOf } from "../src/store.ts";
import { storeSuite } from "./storesuite.ts";

/** Everything that the person sees. */
export interface Sight {
  task: Fields[];
  list: Fields[];
  label: Fields[];
}

/** What is refused, in short. */
export interface Refused {
  seq: number;
  op: string;
  kind: Kind;
  id: number;
  text: string; // the description that it would have given a task
  reason: string;
  status: number;
  detail: string;
  conflicts: string[];
}

export class Device {
  readonly copy: Copy;
  readonly errors: string[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  /** Begins to follow. The store is one that a device before it had, or a name of a database in IndexedDB. */
  constructor(baseUrl: string, session: SessionTokens, store: Store | string) {
    const todod = new Todod({
      baseUrl,
      session,
      backoff: { first: 5, max: 100 },
      reconnect: 20,
      timeout: 5000,
    });
    this.copy = new Copy(todod, typeof store === "string" ? new IndexedDBStore(store) : store);
    const onError = (error: unknown) => this.errors.push(String(error));
    this.#running = this.copy.run({ signal: this.#stop.signal, onError });
  }

  /** Ends at once, whatever is under way. */
  async end(): Promise<void> {
    this.#stop.abort(new Error("the device was closed"));
    await this.#running;
  }

  /** Returns all that the person sees. */
  async see(): Promise<Sight> {
    const { tasks, lists, labels } = await this.copy.all();
    return { task: tasks as unknown[], list: lists as unknown[], label: labels as unknown[] } as Sight;
  }

  create(kind: Kind, fields: Fields): Promise<number> {
    return this.copy.create(kind, fields as never);
  }

  edit(kind: Kind, id: number, fields: Fields): Promise<void> {
    return this.copy.edit(kind, id, fields);
  }

  complete(id: number): Promise<void> {
    return this.copy.complete(id);
  }

  skip(id: number): Promise<void> {
    return this.copy.skip(id);
  }

  reopen(id: number): Promise<void> {
    return this.copy.reopen(id);
  }

  move(kind: "task" | "list", id: number, fields: Fields): Promise<void> {
    return this.copy.move(kind, id, fields);
  }

  delete(kind: Kind, id: number): Promise<void> {
    return this.copy.delete(kind, id);
  }

  pending(): Promise<number> {
    return this.copy.pending();
  }

  /** Returns what is refused. */
  async issues(): Promise<Refused[]> {
    return (await this.copy.issues()).map(({ seq, write, reason, status, problem }) => ({
      seq,
      op: write.op,
      kind: write.kind,
      id: write.id,
      text: "fields" in write ? String((write.fields as Fields)["description"] ?? "") : "",
      reason,
      status,
      detail: problem?.detail ?? "",
      conflicts: Object.keys(problem?.conflicts ?? {}),
    }));
  }

  /** Resolves an issue. */
  resolve(seq: number, how: "keepMine" | "takeTheirs" | "discard", correction: Fields = {}): Promise<void> {
    return this.copy[how]({ seq }, correction);
  }

  sync(): Promise<void> {
    return this.copy.sync();
  }

  /** Returns what has failed so far and was tried again. */
  async failures(): Promise<string[]> {
    return this.errors;
  }
}

/** Holds a new database in IndexedDB to what every store promises, and returns how many promises there are. */
export async function checkIndexedDB(): Promise<number> {
  const store = new IndexedDBStore("suite");
  const promises = await storeSuite(store);
  await store.close();
  const again = new IndexedDBStore("suite");
  const { seq } = await again.transact(stateOf);
  if (seq !== 20) throw new Error(`after it was closed, the store has ${seq}, not 20`);
  const other = new IndexedDBStore("suite");
  const heard = new Promise<void>((resolve) => {
    const end = again.watch(() => {
      end();
      resolve();
    });
  });
  await other.transact(async (tx) => tx.put("ids", -7, { temporary: -7, id: 7 }));
  await heard; // or the test waits for it in vain
  await again.close();
  await other.destroy();
  if ((await indexedDB.databases()).some(({ name }) => name === "suite")) throw new Error("a destroyed database is there still");
  return promises;
}
