import type { Store, Tables, Transaction } from "./store.ts";

/** Keeps everything in memory: it is gone with the page, or the process. */
export class MemoryStore implements Store {
  readonly #tables: { [T in keyof Tables]: Map<number, Tables[T]> } = {
    rows: new Map(),
    outbox: new Map(),
    ids: new Map(),
    state: new Map(),
  };
  #last: Promise<unknown> = Promise.resolve();

  /** See Store. */
  transact<R>(work: (tx: Transaction) => Promise<R>): Promise<R> {
    const done = this.#last.then(() => this.#run(work));
    this.#last = done.catch(() => {});
    return done;
  }

  /** Does something, and takes back what it put and deleted if it throws. */
  async #run<R>(work: (tx: Transaction) => Promise<R>): Promise<R> {
    const undo: (() => void)[] = [];
    const table = <T extends keyof Tables>(name: T): Map<number, Tables[T]> => this.#tables[name];
    const keep = <T extends keyof Tables>(name: T, key: number) => {
      const before = table(name).get(key);
      undo.push(() => (before === undefined ? table(name).delete(key) : table(name).set(key, before)));
    };
    try {
      return await work({
        get: async (name, key) => structuredClone(table(name).get(key)),
        all: async (name) => [...table(name)].sort(([a], [b]) => a - b).map(([, value]) => structuredClone(value)),
        put: (name, key, value) => {
          keep(name, key);
          table(name).set(key, structuredClone(value));
        },
        delete: (name, key) => {
          keep(name, key);
          table(name).delete(key);
        },
      });
    } catch (error) {
      for (const back of undo.reverse()) back();
      throw error;
    }
  }
}
