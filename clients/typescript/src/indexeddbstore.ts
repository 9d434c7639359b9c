import { type Store, tableNames, type Tables, type Transaction } from "./store.ts";

/** Keeps everything in the browser's IndexedDB, where it survives a reload, and where all tabs of an origin find it. */
export class IndexedDBStore implements Store {
  readonly name: string;
  readonly #channel: BroadcastChannel;
  #database: Promise<IDBDatabase> | undefined;

  /** `name` is that of the database. Take another one for each person: what waits to be sent is in it. */
  constructor(name: string) {
    this.name = name;
    this.#channel = new BroadcastChannel(name);
  }

  /** See Store. */
  async transact<R>(work: (tx: Transaction) => Promise<R>): Promise<R> {
    const database = await this.#open();
    const tx = database.transaction(tableNames, "readwrite");
    let changed = false;
    const finished = new Promise<void>((resolve, reject) => {
      tx.oncomplete = () => resolve();
      tx.onabort = () => reject(tx.error ?? new Error("the store has taken its changes back"));
    });
    finished.catch(() => {}); // it is waited for below, unless the work has failed
    let result: R;
    try {
      result = await work({
        get: <T extends keyof Tables>(table: T, key: number) => answer<Tables[T] | undefined>(tx.objectStore(table).get(key)),
        all: <T extends keyof Tables>(table: T) => answer<Tables[T][]>(tx.objectStore(table).getAll()),
        put: (table, key, value) => {
          changed = true;
          tx.objectStore(table).put(value, key);
        },
        delete: (table, key) => {
          changed = true;
          tx.objectStore(table).delete(key);
        },
      });
    } catch (error) {
      try {
        tx.abort();
      } catch {
        // It was aborted already, which is why the work failed.
      }
      throw error;
    }
    await finished;
    if (changed) this.#channel.postMessage(null);
    return result;
  }

  /** See Store. */
  watch(changed: () => void): () => void {
    const hear = () => changed();
    this.#channel.addEventListener("message", hear);
    return () => this.#channel.removeEventListener("message", hear);
  }

  /** Gives the database back: it is opened again when it is needed. */
  async close(): Promise<void> {
    const database = await this.#database;
    this.#database = undefined;
    database?.close();
  }

  /** Deletes the database, for somebody who signs out for good. Other tabs that have it open give it back. */
  async destroy(): Promise<void> {
    await this.close();
    await answer(indexedDB.deleteDatabase(this.name));
  }

  /** Returns the database, which is opened first if it isn't. */
  #open(): Promise<IDBDatabase> {
    this.#database ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(this.name, 1);
      request.onupgradeneeded = () => {
        for (const table of tableNames) request.result.createObjectStore(table);
      };
      request.onerror = () => {
        this.#database = undefined;
        reject(request.error);
      };
      request.onsuccess = () => {
        request.result.onversionchange = () => void this.close();
        request.result.onclose = () => {
          this.#database = undefined;
        };
        resolve(request.result);
      };
    });
    return this.#database;
  }
}

/** Returns what a request of IndexedDB is answered with. */
function answer<T>(request: IDBRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result as T);
    request.onerror = () => reject(request.error);
  });
}
