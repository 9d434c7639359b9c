// The copy of one person's things, and what the screen knows of it. Signals change when the copy does, at most once a moment.

import { signal } from "@preact/signals";
import { Copy, type Everything, IndexedDBStore, type Issue, Todod, TododError, type Write } from "todod-client";
import { refresh, type Remembered } from "../account/session.ts";

/** All that the person has. */
export const all = signal<Everything>({ tasks: [], lists: [], labels: [] });
/** Whether the copy was read, and whether it has ever been brought up to date here. */
export const loaded = signal(false);
export const synced = signal(false);
/** How many writes wait, and those among them that wait for the person. */
export const pending = signal(0);
export const issues = signal<Issue[]>([]);
/** Whether todod could be reached last. */
export const online = signal(navigator.onLine);
/** Whether the person has to sign in again for anything to be sent. */
export const lapsed = signal(false);

/** One person's replica, while it is open. */
export interface Replica {
  todod: Todod;
  copy: Copy;
  person: Remembered;
  /** Ends all that it does. With `forget` it deletes what was kept. */
  close(forget: boolean): Promise<void>;
  /** Follows todod anew, from where it stands. */
  follow(): void;
}

/** The shortest time between two readings of the copy, in milliseconds. */
const breath = 40;
const bornAs = new Map<number, number>();
let realIds = new Map<number, number>();

/** Returns the id that a thing has now, for one that may be temporary. */
export function idNow(id: number): number {
  return realIds.get(id) ?? id;
}

/** Returns what a thing is known by on the screen: the same from when it is made here until the page is closed. */
export function keyOf(id: number): number {
  return bornAs.get(id) ?? id;
}

/** Opens a person's copy. `onWrite` is told of what they do; `onIds` of ids that todod has given. */
export function open(
  person: Remembered,
  hear: { onWrite: (key: string, write: Write) => void; onIds: () => void },
): Replica {
  const store = new IndexedDBStore(`todod-${person.id}`);
  const todod = new Todod({ baseUrl: "", token: () => tokenOf(person), fetch: watchedFetch, reconnect: 1000 });
  const copy = new Copy(todod, store, { onWrite: hear.onWrite });
  let closed = false;
  const read = coalesced(async () => {
    if (closed) return;
    const [everything, waiting, refused, ids] = [await copy.all(), await copy.pending(), await copy.issues(), await copy.ids()];
    if (closed) return;
    if (ids.size !== realIds.size) {
      realIds = ids;
      for (const [temporary, id] of ids) bornAs.set(id, temporary);
      hear.onIds();
    }
    all.value = reconcile(all.value, everything);
    pending.value = waiting;
    issues.value = refused;
    loaded.value = true;
  });
  const unsubscribe = copy.subscribe(read);
  let stop = new AbortController();
  const follow = () => {
    stop.abort();
    stop = new AbortController();
    const { signal } = stop;
    void copy.run({ signal, onError: noteError });
    void copy.pending().then(() => read());
  };
  const back = () => {
    online.value = true;
    follow();
  };
  const gone = () => {
    online.value = false;
  };
  addEventListener("online", back);
  addEventListener("offline", gone);
  read();
  follow();
  const close = async (forget: boolean) => {
    closed = true;
    stop.abort();
    unsubscribe();
    removeEventListener("online", back);
    removeEventListener("offline", gone);
    all.value = { tasks: [], lists: [], labels: [] };
    [loaded.value, synced.value, lapsed.value, pending.value, issues.value] = [false, false, false, 0, []];
    realIds = new Map();
    bornAs.clear();
    if (forget) await store.destroy();
  };
  return { todod, copy, person, close, follow };
}

/** Gets an access token for this person and nobody else: what they did must not be sent in another's name. */
async function tokenOf(person: Remembered): Promise<string> {
  const { user, token } = await refresh();
  if (user.id !== person.id || token === null) throw new TododError(401);
  lapsed.value = false;
  return token;
}

/** Sends a request, and notes whether todod could be reached. */
async function watchedFetch(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    online.value = true;
    if (request.url.includes("/api/v1/sync") && response.ok) synced.value = true;
    return response;
  } catch (error) {
    if (!request.signal.aborted) online.value = false;
    throw error;
  }
}

/** Notes what keeps the copy from being brought up to date. */
function noteError(error: unknown): void {
  if (!(error instanceof TododError)) return;
  if (error.status === 0) online.value = false;
  if (error.status === 401) lapsed.value = true;
}

/** Returns a function that has some work done soon: once, however often it is called meanwhile, and never twice at a time. */
function coalesced(work: () => Promise<void>): () => void {
  let [running, again] = [false, false];
  const start = async () => {
    if (running) {
      again = true;
      return;
    }
    running = true;
    do {
      again = false;
      await work().catch(console.warn);
      if (again) await new Promise((resolve) => setTimeout(resolve, breath));
    } while (again);
    running = false;
  };
  return () => void start();
}

/** Returns what there is now, made of the same objects as before where nothing has changed. */
function reconcile(before: Everything, now: Everything): Everything {
  return { tasks: reuse(before.tasks, now.tasks), lists: reuse(before.lists, now.lists), labels: reuse(before.labels, now.labels) };
}

/** Returns things, those as they were that have not changed; all as they were if none has. */
function reuse<T extends { id: number }>(before: T[], now: T[]): T[] {
  const known = new Map(before.map((thing) => [thing.id, thing]));
  const result = now.map((thing) => {
    const old = known.get(thing.id);
    return old && same(old, thing) ? old : thing;
  });
  return result.length === before.length && result.every((thing, at) => thing === before[at]) ? before : result;
}

/** Reports whether two things have the same fields. */
function same<T extends object>(a: T, b: T): boolean {
  const names = Object.keys(b) as (keyof T)[];
  return names.every((name) => {
    const [one, other] = [a[name], b[name]];
    return one === other || (typeof one === "object" && JSON.stringify(one) === JSON.stringify(other));
  });
}
