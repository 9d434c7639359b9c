import { passes, pause, sleep } from "./backoff.ts";
import { must, refusal, TododError } from "./error.ts";
import { beginAnew, takeChange, takePage } from "./intake.ts";
import { add, discard, giveIn, insist, next, opposite, refuse, sendable, settle, takeBack, temporaryId, withdraw } from "./outbox.ts";
import { overlay, type View } from "./overlay.ts";
import { newKey } from "./send.ts";
import { idsOf, stateOf, type Store, type Transaction } from "./store.ts";
import type { Todod } from "./todod.ts";
import { inTurn } from "./turn.ts";
import type { Drafts, Kind, Label, List, ListMove, Patches, Problem, Task, TaskMove, Things } from "./types.ts";
import { type Entry, type Fields, type Refusal, refusalOf, type Sent, type Write } from "./write.ts";

const kinds: readonly Kind[] = ["task", "list", "label"];

/** How long a key is surely remembered by todod, in milliseconds: an hour less than the day that is its default. */
const keyTime = 23 * 3_600_000;

/** A write that todod has refused, for the person to decide about: `keepMine`, `takeTheirs` or `discard`. */
export interface Issue extends Refusal {
  /** What the methods that resolve it are given. */
  seq: number;
  madeAt: string;
  write: Write;
}

/** All that a person has, but for the trash. */
export interface Everything {
  tasks: Task[];
  lists: List[];
  labels: Label[];
}

/** How a copy is kept. */
export interface CopyOptions {
  /** How long todod remembers keys, in milliseconds: 23 hours, for its default of a day (`IDEMPOTENCY_RETENTION`). */
  keyTime?: number;
  /** Is told of each write that the person makes here, with the key by which `undo` takes it back. */
  onWrite?: (key: string, write: Write) => void;
}

/** How a copy is followed. */
export interface RunOptions {
  /** Ends it. */
  signal: AbortSignal;
  /** Is told what has failed; it is tried again by itself. */
  onError?: (error: unknown) => void;
}

/**
 * A person's tasks, lists and labels, to be read and changed with a connection or without.
 *
 * What a person does is in the store, and shown, at once, and sent as soon as it can be: in order, once, by one tab at a time,
 * though the page is reloaded meanwhile. `run` does all that while it runs; `send` and `sync` do it once.
 */
export class Copy {
  readonly #todod: Todod;
  readonly #store: Store;
  readonly #keyTime: number;
  readonly #onWrite: (key: string, write: Write) => void;
  readonly #listeners = new Set<() => void>();
  readonly #waiters = new Set<() => void>();

  constructor(todod: Todod, store: Store, options: CopyOptions = {}) {
    this.#todod = todod;
    this.#store = store;
    this.#keyTime = options.keyTime ?? keyTime;
    this.#onWrite = options.onWrite ?? (() => {});
  }

  /**
   * Returns everything as the person sees it: tasks and lists by position, labels by name. What todod hasn't heard of yet has an
   * id below zero and version 0.
   */
  async all(): Promise<Everything> {
    const all: Everything = { tasks: [], lists: [], labels: [] };
    for (const shown of (await this.#store.transact(viewOf)).values()) {
      if (shown.kind === "task") all.tasks.push(shown.thing);
      else if (shown.kind === "list") all.lists.push(shown.thing);
      else all.labels.push(shown.thing);
    }
    sort(all.tasks, ({ position }) => position);
    sort(all.lists, ({ position }) => position);
    sort(all.labels, ({ name }) => name);
    return all;
  }

  /** Returns one thing as the person sees it. A temporary id finds it also when it has another one by now. */
  get<K extends Kind>(kind: K, id: number): Promise<Things[K] | undefined> {
    return this.#store.transact(async (tx) => {
      const shown = (await viewOf(tx)).get((await idsOf(tx))(id));
      return shown?.kind === kind ? (shown.thing as Things[K]) : undefined;
    });
  }

  /** Returns the ids that todod has given, by the temporary ones that stood for them before. */
  ids(): Promise<Map<number, number>> {
    return this.#store.transact(async (tx) => new Map((await tx.all("ids")).map(({ temporary, id }) => [temporary, id])));
  }

  /** Makes a thing, and returns its id, which is a temporary one: it can be used like any other, for good. */
  create<K extends Kind>(kind: K, fields: Drafts[K]): Promise<number> {
    return this.#act(async (tx) => {
      const id = await temporaryId(tx);
      return [{ op: "create", kind, id, fields } as Write, id];
    });
  }

  /** Changes fields of a thing. What others change in other fields meanwhile stays. */
  edit<K extends Kind>(kind: K, id: number, fields: Patches[K]): Promise<void> {
    return this.#act(async () => [{ op: "edit", kind, id, fields } as Write, undefined]);
  }

  /** Completes a task, or the occurrence of a recurring one that the person sees. */
  complete(id: number): Promise<void> {
    return this.#act(async (tx) => [{ op: "complete", kind: "task", id, slot: await slotOf(tx, id) }, undefined]);
  }

  /** Lets the occurrence of a recurring task that the person sees pass. */
  skip(id: number): Promise<void> {
    return this.#act(async (tx) => [{ op: "skip", kind: "task", id, slot: await slotOf(tx, id) }, undefined]);
  }

  /** Opens a task again. A completion that wasn't sent yet never is. */
  reopen(id: number): Promise<void> {
    return this.#act(async (tx) => {
      const write: Write = { op: "edit", kind: "task", id, fields: { completed: false } };
      return [(await takeBack(tx, id)) ? null : write, undefined];
    });
  }

  /** Puts a task or a list somewhere else. */
  move<K extends "task" | "list">(kind: K, id: number, fields: K extends "task" ? TaskMove : ListMove): Promise<void> {
    return this.#act(async () => [{ op: "move", kind, id, fields } as Write, undefined]);
  }

  /** Moves a thing to the trash. */
  delete(kind: Kind, id: number): Promise<void> {
    return this.#act(async () => [{ op: "delete", kind, id }, undefined]);
  }

  /**
   * Takes a write back, by the key that `onWrite` was told. One that wasn't sent yet never is; one that is on its way is followed
   * by its opposite, where there is one. Else todod takes it back and has to be reached for that; it throws a TododError, of
   * status 409 if the same fields were changed since.
   */
  async undo(key: string, signal: AbortSignal = new AbortController().signal): Promise<void> {
    const done = await this.#store.transact(async (tx) => {
      if (await withdraw(tx, key)) return true;
      const back = await opposite(tx, key);
      if (back) await add(tx, back, newKey(), now());
      return back !== undefined;
    });
    this.#changed();
    this.#wake();
    if (done) return;
    await this.send(signal); // it may be on its way
    await must(this.#todod.api.POST("/api/v1/undo", { body: { key }, signal }));
    await this.sync(signal);
  }

  /** Returns how many writes wait to be sent, those among them that wait for the person included. */
  pending(): Promise<number> {
    return this.#store.transact(async (tx) => (await tx.all("outbox")).filter(({ state }) => state !== "answered").length);
  }

  /** Returns the writes that todod has refused, the oldest first. */
  issues(): Promise<Issue[]> {
    return this.#store.transact(async (tx) =>
      (await tx.all("outbox")).flatMap(({ seq, madeAt, write, refusal }) => (refusal ? [{ seq, madeAt, write, ...refusal }] : [])),
    );
  }

  /** Sends a refused write again, over what others have done; `correction` replaces those of its fields. */
  keepMine(issue: Pick<Issue, "seq">, correction: Fields = {}): Promise<void> {
    return this.#resolve((tx) => insist(tx, issue.seq, correction));
  }

  /** Leaves the fields in conflict as others have changed them, and sends what else was changed, if anything. */
  takeTheirs(issue: Pick<Issue, "seq">): Promise<void> {
    return this.#resolve((tx) => giveIn(tx, issue.seq));
  }

  /** Drops a refused write, and what was done to a thing that it would have made. */
  discard(issue: Pick<Issue, "seq">): Promise<void> {
    return this.#resolve((tx) => discard(tx, issue.seq));
  }

  /** Has a function called whenever what is shown may have changed, in this tab or another; returns what ends that. */
  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    const end = this.#store.watch?.(changed);
    return () => {
      this.#listeners.delete(changed);
      end?.();
    };
  }

  /**
   * Sends what waits to be sent, when no other tab does. Refusals become issues; throws what keeps the rest from being sent now.
   */
  async send(signal: AbortSignal = new AbortController().signal): Promise<void> {
    if (!(await this.#store.transact(sendable))) return;
    await inTurn(this.#store, signal, async () => {
      for (;;) {
        signal.throwIfAborted();
        const entry = await this.#store.transact((tx) => next(tx, Date.now()));
        if (!entry) return;
        const outcome = await this.#deliver(entry, signal);
        await this.#store.transact((tx) =>
          outcome && "reason" in outcome ? refuse(tx, entry, outcome) : settle(tx, entry, outcome),
        );
        this.#changed();
      }
    });
  }

  /** Brings the copy up to what todod has. */
  async sync(signal: AbortSignal = new AbortController().signal): Promise<void> {
    const settled = await this.#answered();
    for (let more = true; more; ) {
      const { next: since } = await this.#store.transact(stateOf);
      try {
        const query = { kinds: kinds.join(","), ...(since !== null && { since }) };
        const page = await must(this.#todod.api.GET("/api/v1/sync", { params: { query }, signal }));
        const taken = await this.#store.transact((tx) => takePage(tx, since, page));
        more = !taken || page.has_more;
      } catch (error) {
        if (!(error instanceof TododError) || error.code !== "SYNC_TOKEN_EXPIRED" || since === null) throw error;
        await this.#store.transact((tx) => beginAnew(tx, since, 0));
      }
      this.#changed();
    }
    // What was answered before is in the copy now, or was undone by others.
    await this.#store.transact(async (tx) => settled.forEach((seq) => tx.delete("outbox", seq)));
    this.#changed();
  }

  /** Keeps the copy as todod has it and sends what the person does, until the signal is aborted. */
  async run({ signal, onError = () => {} }: RunOptions): Promise<void> {
    const wake = () => this.#wake();
    const unwatch = this.#store.watch?.(wake);
    globalThis.addEventListener?.("online", wake);
    await Promise.all([
      this.#repeat(signal, onError, async () => {
        const woken = this.#woken(signal);
        await this.send(signal);
        if ((await this.#answered()).length > 0) await this.sync(signal);
        await woken;
      }),
      this.#repeat(signal, onError, () => this.#follow(signal)),
    ]);
    globalThis.removeEventListener?.("online", wake);
    unwatch?.();
  }

  /** Does something again and again until the signal is aborted; after failures, later. */
  async #repeat(signal: AbortSignal, onError: (error: unknown) => void, work: () => Promise<void>): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      try {
        await work();
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        onError(error);
        await Promise.race([this.#woken(signal), sleep(pause(++failures, this.#todod.backoff), signal).catch(() => {})]);
      }
    }
  }

  /** Syncs, and takes in what event streams tell from there on. */
  async #follow(signal: AbortSignal): Promise<void> {
    await this.sync(signal);
    const { rev } = await this.#store.transact(stateOf);
    for await (const told of this.#todod.events({ since: rev, kinds, signal })) {
      if (told.event === "hello") continue;
      if (told.event === "reset") {
        await this.#store.transact(async (tx) => beginAnew(tx, (await stateOf(tx)).next, told.rev));
      }
      const { event } = told;
      const taken = event === "change" && (await this.#store.transact((tx) => takeChange(tx, told.change, told.previous)));
      if (!taken) await this.sync(signal);
      this.#changed();
    }
  }

  /**
   * Sends a write and returns the thing it is answered with, null for none, or why it was refused. Throws if it isn't known
   * what came of it, or the person has to sign in.
   */
  async #deliver(entry: Entry & { sent: Sent }, signal: AbortSignal): Promise<Things[Kind] | Refusal | null> {
    const { key, write, sent } = entry;
    if (write.op === "create" && Date.now() - sent.at > this.#keyTime && !(await this.#knows(key, signal))) {
      return { reason: "uncertain", status: 0, problem: null };
    }
    const headers = { ...sent.headers, "Idempotency-Key": key, ...(sent.body !== null && { "Content-Type": "application/json" }) };
    const init = { method: sent.method, headers, body: sent.body, signal };
    const response = await this.#todod.send(new Request(this.#todod.url(sent.path), init));
    const body = await response.text();
    if (response.ok) return response.status === 204 ? null : (JSON.parse(body) as Things[Kind]);
    const error = refusal(response.status, body);
    if (passes(response) || response.status === 401 || error.code === "NOT_TODOD") throw error;
    if (response.status === 404 && write.op === "delete") return null; // somebody else has done it
    return refusalOf(response.status, error.problem as Problem | undefined);
  }

  /** Reports whether todod remembers a key. */
  async #knows(key: string, signal: AbortSignal): Promise<boolean> {
    try {
      await must(this.#todod.api.GET("/api/v1/operations/{key}", { params: { path: { key } }, signal }));
      return true;
    } catch (error) {
      if (error instanceof TododError && error.status === 404) return false;
      throw error;
    }
  }

  /** Keeps a write, in one step with what it is made of, and has it sent. Its key is made now. */
  async #act<R>(make: (tx: Transaction) => Promise<[Write | null, R]>): Promise<R> {
    const [key, madeAt] = [newKey(), now()];
    const result = await this.#store.transact(async (tx) => {
      const [write, result] = await make(tx);
      if (write) await add(tx, write, key, madeAt);
      return { write, result };
    });
    if (result.write) this.#onWrite(key, result.write);
    this.#changed();
    this.#wake();
    return result.result;
  }

  /** Resolves an issue, and has what became of it sent. */
  async #resolve(work: (tx: Transaction) => Promise<void>): Promise<void> {
    await this.#store.transact(work);
    this.#changed();
    this.#wake();
  }

  /** Returns the numbers of the writes whose outcome sync has yet to bring. */
  #answered(): Promise<number[]> {
    return this.#store.transact(async (tx) =>
      (await tx.all("outbox")).filter(({ state }) => state === "answered").map(({ seq }) => seq),
    );
  }

  /** Waits until there may be something to send, or the signal is aborted. */
  #woken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener("abort", wake);
        this.#waiters.delete(wake);
        resolve();
      };
      this.#waiters.add(wake);
      signal.addEventListener("abort", wake);
      if (signal.aborted) wake();
    });
  }

  /** Ends what waits until there may be something to send. */
  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }

  /** Tells those who listen. */
  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Returns what time it is, as todod writes it. */
function now(): string {
  return new Date().toISOString().replace("Z", "000Z");
}

/** Returns what the person sees. */
async function viewOf(tx: Transaction): Promise<View> {
  const [rows, entries, idOf] = [await tx.all("rows"), await tx.all("outbox"), await idsOf(tx)];
  return overlay(rows, entries as Entry[], idOf);
}

/** Returns the occurrence of a task that the person sees, null if it doesn't recur, or isn't known to todod yet. */
async function slotOf(tx: Transaction, id: number): Promise<string | null> {
  const shown = (await viewOf(tx)).get((await idsOf(tx))(id));
  return (shown?.kind === "task" && shown.thing.recurrence?.slot) || null;
}

/** Puts things in the order of a text of theirs, compared by code units, and of their ids. */
function sort<T extends { id: number }>(things: T[], by: (thing: T) => string): void {
  things.sort((a, b) => (by(a) === by(b) ? a.id - b.id : by(a) < by(b) ? -1 : 1));
}
