// Which tasks a view shows, in which sections and order. Nothing here knows of screens or stores.

import type { Everything, List, Task } from "todod-client";
import { addDays, dayOf, sayDay, sayLong } from "./dates.ts";
import { matcher } from "./search.ts";
import { parentOf, pathOf, progressOf, type Progress, type Tree, under } from "./tree.ts";

/** Where a person is in the app. */
export type View =
  | { kind: "inbox" | "today" | "upcoming" | "all" | "completed" | "trash" }
  | { kind: "list" | "label"; id: number };

/** What narrows a view, and its order. */
export interface Filter {
  query: string;
  priority: "" | Task["priority"];
  label: number;
  completed: boolean;
  sort: "manual" | "due" | "priority" | "title" | "newest";
}

/** No filter. */
export const everything: Filter = { query: "", priority: "", label: 0, completed: false, sort: "manual" };

/** One task in a view. */
export interface Row {
  task: Task;
  depth: number;
  progress: Progress;
  /** Whether what is under it is hidden. */
  folded: boolean;
  /** Where it belongs, for rows that stand alone: its list and what it is a part of. */
  path: string;
  /** Whether the heading says on which day it is due. */
  dated: boolean;
}

/** Rows under a heading. */
export interface Section {
  key: string;
  title: string;
  note: string;
  rows: Row[];
  /** Whether rows can be put into another order here. */
  ordered: boolean;
  /** What a new task here is given. */
  list: number | null;
}

/** What a view is made of. */
export interface Scene {
  all: Everything;
  tree: Tree;
  lists: ReadonlyMap<number, List>;
  today: string;
  folded: ReadonlySet<number>;
}

/** Returns the list of a task; null for the inbox, also where its list isn't there. */
export function listOf(scene: Scene, task: Task): number | null {
  return task.list_id !== null && scene.lists.has(task.list_id) ? task.list_id : null;
}

/** Returns the day on which a task is due, "" for none. */
export function dueDay(task: Task): string {
  return task.due_date === null ? "" : dayOf(task.due_date, task.due_all_day);
}

/** Reports whether a filter changes more than nothing. */
export function narrows(filter: Filter): boolean {
  return filter.query.trim() !== "" || filter.priority !== "" || filter.label !== 0 || filter.sort !== "manual";
}

/** Returns the sections of a view. */
export function sectionsOf(scene: Scene, view: View, filter: Filter): Section[] {
  if (view.kind === "trash") return [];
  const searching = filter.query.trim() !== "";
  if (narrows(filter)) return flatSections(scene, searching ? { kind: "all" } : view, filter, searching);
  switch (view.kind) {
    case "inbox":
      return listSections(scene, null, filter);
    case "list":
      return listSections(scene, view.id, filter);
    case "today":
      return todaySections(scene);
    case "upcoming":
      return upcomingSections(scene);
    case "all":
      return allSections(scene, filter);
    default:
      return flatSections(scene, view, filter, false);
  }
}

/** Returns a row that stands for itself. */
function alone(scene: Scene, task: Task, dated = false): Row {
  const list = scene.lists.get(task.list_id ?? 0)?.name ?? "Inbox";
  const path = [list, ...pathOf(scene.tree, task)].join(" › ");
  return { task, depth: 0, progress: progressOf(scene.tree, task.id), folded: true, path, dated };
}

/** Returns rows of tasks with what is under them, as a tree. */
function branches(scene: Scene, tasks: readonly Task[], depth = 0): Row[] {
  return tasks.flatMap((task) => {
    const folded = scene.folded.has(task.id);
    const row: Row = { task, depth, progress: progressOf(scene.tree, task.id), folded, path: "", dated: false };
    return folded ? [row] : [row, ...branches(scene, under(scene.tree, task.id), depth + 1)];
  });
}

/** Returns the tasks of a list that are no part of others. */
function roots(scene: Scene, list: number | null): Task[] {
  return (scene.tree.children.get(null) ?? []).filter((task) => listOf(scene, task) === list);
}

/** Returns the sections of one list: what is open in its order, and what is completed. */
function listSections(scene: Scene, list: number | null, filter: Filter): Section[] {
  const tops = roots(scene, list);
  const open = branches(scene, tops.filter(({ completed }) => !completed));
  const sections: Section[] = [{ key: "open", title: "", note: "", rows: open, ordered: true, list }];
  const done = tops.filter(({ completed }) => completed).sort(latestFirst);
  if (filter.completed && done.length > 0) {
    sections.push({ key: "done", title: "Completed", note: String(done.length), rows: branches(scene, done), ordered: false, list });
  }
  return sections;
}

/** Returns how many completed tasks a list hides. */
export function completedIn(scene: Scene, list: number | null): number {
  return roots(scene, list).filter(({ completed }) => completed).length;
}

/** Compares completed tasks: the latest first. */
function latestFirst(a: Task, b: Task): number {
  return (b.completed_at ?? "") < (a.completed_at ?? "") ? -1 : 1;
}

/** Returns open tasks with a due date, the first due first, those with a time in the order of times. */
function dated(scene: Scene): Task[] {
  return scene.all.tasks
    .filter((task) => !task.completed && task.due_date !== null)
    .sort((a, b) => compare(dueDay(a), dueDay(b)) || compare(a.due_all_day ? "" : a.due_date, b.due_all_day ? "" : b.due_date));
}

/** Compares two texts by code units. */
function compare(a: string | null, b: string | null): number {
  return (a ?? "") < (b ?? "") ? -1 : Number((a ?? "") > (b ?? ""));
}

/** Returns a section of rows that stand for themselves. */
function section(key: string, title: string, note: string, rows: Row[]): Section {
  return { key, title, note, rows, ordered: false, list: null };
}

/** Returns what is overdue, and what is due today. */
function todaySections(scene: Scene): Section[] {
  const due = dated(scene).filter((task) => dueDay(task) <= scene.today);
  const late = due.filter((task) => dueDay(task) < scene.today).map((task) => alone(scene, task));
  const now = due.filter((task) => dueDay(task) === scene.today).map((task) => alone(scene, task, true));
  const sections = [section("today", late.length > 0 ? "Today" : "", "", now)];
  if (late.length > 0) sections.unshift(section("late", "Overdue", String(late.length), late));
  return sections;
}

/** Returns what is due after today, by day for two weeks, and what comes later. */
function upcomingSections(scene: Scene): Section[] {
  const horizon = addDays(scene.today, 14);
  const byDay = new Map<string, Row[]>();
  for (const task of dated(scene)) {
    const day = dueDay(task);
    if (day <= scene.today) continue;
    const key = day < horizon ? day : "later";
    byDay.set(key, [...(byDay.get(key) ?? []), alone(scene, task, key !== "later")]);
  }
  return [...byDay].map(([day, rows]) => {
    if (day === "later") return section(day, "Later", "", rows);
    const [name, date] = [sayDay(day, scene.today), sayLong(day)];
    return section(day, name, date.startsWith(name) ? date.slice(name.length).replace(/^\W+/, "") : date, rows);
  });
}

/** Returns all open tasks, list by list. */
function allSections(scene: Scene, filter: Filter): Section[] {
  const lists: (List | null)[] = [null, ...scene.all.lists.filter(({ archived }) => !archived)];
  return lists
    .map((list) => {
      const [open] = listSections(scene, list?.id ?? null, { ...filter, completed: false });
      return { ...(open as Section), key: `list${list?.id ?? 0}`, title: list?.name ?? "Inbox" };
    })
    .filter(({ rows }) => rows.length > 0);
}

/** Returns what a view has, one by one, in the order of a filter. */
function flatSections(scene: Scene, view: View, filter: Filter, searching: boolean): Section[] {
  const matches = matcher(filter.query);
  const found = scene.all.tasks.filter(
    (task) =>
      belongs(scene, view, task) &&
      (filter.priority === "" || task.priority === filter.priority) &&
      (filter.label === 0 || task.label_ids.includes(filter.label)) &&
      (filter.completed || searching || view.kind === "completed" || !task.completed) &&
      (!searching || matches(`${task.title}\n${task.description ?? ""}`)),
  );
  const open = found.filter(({ completed }) => !completed).sort(orders[filter.sort]);
  const done = found.filter(({ completed }) => completed).sort(filter.sort === "manual" ? latestFirst : orders[filter.sort]);
  const rows = (tasks: Task[]) => tasks.map((task) => alone(scene, task));
  const sections = view.kind === "completed" ? [] : [section("open", "", "", rows(open))];
  if (done.length > 0) sections.push(section("done", view.kind === "completed" ? "" : "Completed", String(done.length), rows(done)));
  return sections;
}

/** Reports whether a task is in a view, done or not. */
function belongs(scene: Scene, view: View, task: Task): boolean {
  switch (view.kind) {
    case "inbox":
      return listOf(scene, task) === null;
    case "list":
      return listOf(scene, task) === view.id;
    case "label":
      return task.label_ids.includes(view.id);
    case "today":
      return task.due_date !== null && dueDay(task) <= scene.today;
    case "upcoming":
      return task.due_date !== null && dueDay(task) > scene.today;
    case "completed":
      return task.completed;
    default:
      return true;
  }
}

const ranks: Record<Task["priority"], number> = { high: 0, medium: 1, low: 2 };

/** How tasks are compared in each order. */
const orders: Record<Filter["sort"], (a: Task, b: Task) => number> = {
  manual: () => 0,
  due: (a, b) => compare(a.due_date ?? "~", b.due_date ?? "~"),
  priority: (a, b) => ranks[a.priority] - ranks[b.priority],
  title: (a, b) => a.title.localeCompare(b.title),
  newest: (a, b) => compare(b.created_at, a.created_at),
};

/** How many tasks wait in each place of the sidebar. */
export interface Counts {
  inbox: number;
  today: number;
  late: number;
  lists: ReadonlyMap<number, number>;
  labels: ReadonlyMap<number, number>;
}

/** Counts the open tasks for the sidebar; in lists, those that are no part of others. */
export function countsOf(scene: Scene): Counts {
  const [lists, labels] = [new Map<number, number>(), new Map<number, number>()];
  const counts = { inbox: 0, today: 0, late: 0, lists, labels };
  for (const task of scene.all.tasks) {
    if (task.completed) continue;
    const list = listOf(scene, task);
    if (parentOf(scene.tree, task) === null) {
      if (list === null) counts.inbox++;
      else lists.set(list, (lists.get(list) ?? 0) + 1);
    }
    for (const label of task.label_ids) labels.set(label, (labels.get(label) ?? 0) + 1);
    const day = dueDay(task);
    if (day !== "" && day <= scene.today) counts.today++;
    if (day !== "" && day < scene.today) counts.late++;
  }
  return counts;
}
