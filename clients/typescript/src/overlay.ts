import { mapIds, type Entry, type Fields } from "./write.ts";
import type { Row } from "./store.ts";
import type { Kind, Label, List, Task } from "./types.ts";

/** A thing as the person sees it. */
export type Shown = { kind: "task"; thing: Task } | { kind: "list"; thing: List } | { kind: "label"; thing: Label };

/** What the person sees, by id. */
export type View = Map<number, Shown>;

/**
 * Returns what the person sees: what todod told of, with the writes on their way over it, in their order. `idOf` finds the id
 * for a temporary one.
 */
export function overlay(rows: readonly Row[], entries: readonly Entry[], idOf: (id: number) => number): View {
  const view: View = new Map(rows.map(({ kind, thing }) => [thing.id, { kind, thing } as Shown]));
  for (const entry of entries) {
    const id = idOf(entry.write.id);
    const version = entry.answer?.version ?? 0;
    if (version > 0 && (view.get(id)?.thing.version ?? 0) >= version) continue; // sync was faster
    show(view, entry, id, idOf);
    if (entry.answer) view.set(id, { kind: entry.write.kind, thing: entry.answer } as Shown);
  }
  return view;
}

/** Does to a view what a write does. */
function show(view: View, { write, madeAt }: Entry, id: number, idOf: (id: number) => number): void {
  const { kind } = write;
  if (write.op === "create") {
    const thing = { ...empty(kind, id, madeAt), ...written(mapIds(write.fields, idOf), madeAt) };
    view.set(id, { kind, thing } as unknown as Shown);
    return;
  }
  const shown = view.get(id);
  if (!shown) return; // it is gone
  switch (write.op) {
    case "edit":
      change(view, id, written(mapIds(write.fields, idOf), madeAt));
      if (write.kind === "task" && write.fields.completed === true) completeBelow(view, id, madeAt);
      break;
    case "complete":
      change(view, id, written({ completed: true }, madeAt));
      completeBelow(view, id, madeAt);
      break;
    case "move":
      change(view, id, moved(view, shown, mapIds(write.fields, idOf)));
      break;
    case "delete":
      for (const other of below(view, id)) view.delete(other);
      if (kind === "list") {
        for (const [other, { kind, thing }] of [...view]) if (kind === "task" && thing.list_id === id) view.delete(other);
      }
      view.delete(id);
  }
}

/** Replaces fields of a thing. */
function change(view: View, id: number, fields: Fields): void {
  const shown = view.get(id);
  if (shown) view.set(id, { kind: shown.kind, thing: { ...shown.thing, ...fields } } as Shown);
}

/** Completes the open tasks under one. */
function completeBelow(view: View, id: number, at: string): void {
  for (const other of below(view, id)) {
    const shown = view.get(other);
    if (shown?.kind === "task" && !shown.thing.completed) change(view, other, written({ completed: true }, at));
  }
}

/** Returns the ids of the tasks under one, however deep. */
function below(view: View, id: number): number[] {
  const children: number[] = [];
  for (const [other, { kind, thing }] of view) if (kind === "task" && thing.parent_id === id) children.push(other);
  return children.flatMap((child) => [child, ...below(view, child)]);
}

/** Returns fields as todod will answer them: days as their midnight, instants in UTC, and what follows from others. */
function written(fields: Fields, at: string): Fields {
  const result = { ...fields };
  for (const [date, allDay] of [["due_date", "due_all_day"], ["start_date", "start_all_day"]] as const) {
    const value = fields[date];
    if (value === null) result[allDay] = false;
    if (typeof value !== "string") continue;
    const isDay = /^\d{4}-\d\d-\d\d$/.test(value);
    const instant = new Date(value);
    if (isDay) result[date] = `${value}T00:00:00.000000Z`;
    else if (!Number.isNaN(instant.getTime())) result[date] = instant.toISOString().replace("Z", "000Z");
    result[allDay] = fields[allDay] ?? isDay;
  }
  if ("completed" in fields) result["completed_at"] = fields["completed"] ? at : null;
  return result;
}

/** Returns the fields of a thing that is moved. Until todod has given it a place, it stands right behind its neighbour. */
function moved(view: View, { kind, thing }: Shown, { after, before, ...place }: Fields): Fields {
  const fields: Fields = place;
  const parent = typeof place["parent_id"] === "number" ? view.get(place["parent_id"]) : undefined;
  if (parent?.kind === "task") fields["list_id"] = parent.thing.list_id;
  const target = { ...thing, ...fields } as Fields;
  const places: string[] = [];
  for (const other of view.values()) {
    if (other.kind === "label" || other.kind !== kind || other.thing.id === thing.id) continue;
    const sibling = other.thing as unknown as Fields;
    if (sibling["list_id"] === target["list_id"] && sibling["parent_id"] === target["parent_id"]) places.push(other.thing.position);
  }
  places.sort((a, b) => (a < b ? -1 : 1));
  const neighbour = view.get(Number(after ?? before))?.thing as Fields | undefined;
  const at = neighbour?.["position"] as string | undefined;
  let behind = after === undefined ? places.at(-1) : at;
  if (after === undefined && at !== undefined) behind = places.filter((position) => position < at).at(-1);
  if (after !== undefined || before !== undefined) fields["position"] = `${behind ?? ""}!`;
  return fields;
}

/** Returns a new thing of a kind, before anything is known of it. */
function empty(kind: Kind, id: number, at: string): Fields {
  const common = { id, user_id: "", created_at: at, updated_at: at, version: 0 };
  if (kind === "label") return { ...common, name: "", color: null };
  if (kind === "list") return { ...common, name: "", color: null, archived: false, position: "~" };
  return {
    ...common,
    title: "",
    description: null,
    completed: false,
    priority: "medium",
    due_date: null,
    due_all_day: false,
    due_zone: null,
    recurrence: null,
    start_date: null,
    start_all_day: false,
    completed_at: null,
    list_id: null,
    parent_id: null,
    label_ids: [],
    position: "!",
  };
}
