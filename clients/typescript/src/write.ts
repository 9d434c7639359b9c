import type { Drafts, Kind, ListMove, Patches, Problem, TaskMove, Things } from "./types.ts";

/** Fields of anything, by name. */
export type Fields = Record<string, unknown>;

/** What a person did. Ids below zero are temporary ones, of things that todod hasn't heard of yet. */
export type Write =
  | { [K in Kind]: { op: "create"; kind: K; id: number; fields: Drafts[K] } }[Kind]
  | { [K in Kind]: { op: "edit"; kind: K; id: number; fields: Patches[K] } }[Kind]
  | { op: "complete" | "skip"; kind: "task"; id: number; slot: string | null }
  | { op: "move"; kind: "task"; id: number; fields: TaskMove }
  | { op: "move"; kind: "list"; id: number; fields: ListMove }
  | { op: "delete"; kind: Kind; id: number };

/** A write on its way. */
export interface Entry {
  /** Its place in the outbox. */
  seq: number;
  /** Its Idempotency-Key, made when the person acted. */
  key: string;
  /** When the person acted. */
  madeAt: string;
  write: Write;
  /** The version that was edited, 0 for none, and the fields that are edited as they were in it. */
  base: number;
  seen: Fields;
  /** `answered` writes are shown until sync has brought what came of them. */
  state: "waiting" | "refused" | "answered";
  /** The request, from when it is first sent: under this key it is always this one. */
  sent: Sent | null;
  /** Why it was refused. */
  refusal: Refusal | null;
  /** What came of it; null for a thing that is gone now. */
  answer: Things[Kind] | null;
}

/** A request that may have reached todod. */
export interface Sent {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | null;
  /** When it was first sent, in milliseconds. */
  at: number;
}

/** Why a write was refused. */
export interface Refusal {
  /**
   * - `conflict`: others changed the same fields; `problem.conflicts` has them
   * - `changed`: others changed the thing, and todod no longer knows the version that was edited
   * - `gone`: the thing isn't there any more
   * - `refused`: by a rule; `problem.detail` says which
   * - `uncertain`: it was sent so long ago that nobody knows any more whether it arrived
   */
  reason: "conflict" | "changed" | "gone" | "refused" | "uncertain";
  status: number;
  problem: Problem | null;
}

/** Returns the refusal that an answer is. */
export function refusalOf(status: number, problem: Problem | undefined): Refusal {
  const reasons: Record<number, Refusal["reason"]> = { 404: "gone", 412: "changed" };
  const reason = status === 409 && problem?.conflicts ? "conflict" : (reasons[status] ?? "refused");
  return { reason, status, problem: problem ?? null };
}

const references = ["list_id", "parent_id", "after", "before"];

/** Returns fields in which each id of another thing is what `map` makes of it. */
export function mapIds(fields: object, map: (id: number) => number | null): Fields {
  const mapped: Fields = { ...fields };
  for (const name of references) {
    const id = mapped[name];
    if (typeof id === "number") mapped[name] = map(id);
  }
  const { label_ids: labels } = mapped;
  if (Array.isArray(labels)) {
    mapped["label_ids"] = labels.map((id: number) => map(id)).filter((id) => id !== null);
  }
  return mapped;
}

/** Returns the ids of all other things that a write names. */
export function referencesOf(write: Write): number[] {
  const ids: number[] = [];
  if ("fields" in write) {
    mapIds(write.fields, (id) => {
      ids.push(id);
      return id;
    });
  }
  return ids;
}

/** Returns the names of the fields that a write changes, as far as a client can know. */
export function changes(write: Write): string[] {
  if (write.op === "complete" || write.op === "skip") return ["completed", "due_date", "start_date", "recurrence"];
  if (write.op === "move") return ["list_id", "parent_id"];
  return write.op === "edit" ? Object.keys(write.fields) : [];
}

/** Returns the request that a write is, once all things that it names have ids. */
export function requestOf(entry: Entry, idOf: (id: number) => number): Omit<Sent, "at"> {
  const { write, base } = entry;
  const path = `/api/v1/${write.kind}s`;
  const own = `${path}/${idOf(write.id)}`;
  const body = "fields" in write ? JSON.stringify(mapIds(write.fields, idOf)) : null;
  switch (write.op) {
    case "create":
      return { method: "POST", path, headers: {}, body };
    case "edit": {
      const headers = base > 0 ? { "If-Match": `"v${base}"`, Prefer: "merge" } : {};
      return { method: "PATCH", path: own, headers: headers as Record<string, string>, body };
    }
    case "delete":
      return { method: "DELETE", path: own, headers: {}, body };
    case "move":
      return { method: "POST", path: `${own}/move`, headers: {}, body };
    default: {
      const slot = write.slot === null ? null : JSON.stringify({ slot: write.slot });
      return { method: "POST", path: `${own}/${write.op}`, headers: {}, body: slot };
    }
  }
}
