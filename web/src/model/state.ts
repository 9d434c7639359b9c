// What the screen is made of: signals, and what follows from them.

import { computed, effect, signal } from "@preact/signals";
import type { Label, List } from "todod-client";
import type { Remembered } from "../account/session.ts";
import { dayAt } from "./dates.ts";
import { all, type Replica } from "./replica.ts";
import { view } from "./route.ts";
import { treeOf } from "./tree.ts";
import { completedIn, countsOf, everything, type Filter, type Scene, sectionsOf } from "./views.ts";

const foldedKey = "todod.folded";

/** Who uses the app, and their replica. */
export const person = signal<Remembered | null>(null);
export const replica = signal<Replica | null>(null);
/** What narrows the view. */
export const filter = signal<Filter>(everything);
/** The row that keys act on, 0 for none. */
export const cursor = signal(0);
/** Tasks whose subtasks are hidden in lists. */
export const folded = signal<ReadonlySet<number>>(new Set(JSON.parse(localStorage.getItem(foldedKey) ?? "[]") as number[]));
/** Which dialog is open. */
export const dialog = signal<"" | "keys" | "issues" | "leave">("");
/** Whether the sidebar is shown where it covers the rest. */
export const drawer = signal(false);
/** The day it is. */
export const today = signal(dayAt(new Date()));

/** The tasks as a tree. */
export const tree = computed(() => treeOf(all.value.tasks));
/** The lists by id. */
export const lists = computed<ReadonlyMap<number, List>>(() => new Map(all.value.lists.map((list) => [list.id, list])));
/** The labels by id. */
export const labels = computed<ReadonlyMap<number, Label>>(() => new Map(all.value.labels.map((label) => [label.id, label])));
/** What views are made of. */
const scene = computed<Scene>(() => ({
  all: all.value,
  tree: tree.value,
  lists: lists.value,
  today: today.value,
  folded: folded.value,
}));
/** What is on the screen. */
export const sections = computed(() => sectionsOf(scene.value, view.value, filter.value));
/** The rows on the screen, from top to bottom. */
export const rows = computed(() => sections.value.flatMap(({ rows }) => rows));
/** How many tasks wait in each place. */
export const counts = computed(() => countsOf(scene.value));
/** How many completed tasks the list on the screen hides. */
export const hidden = computed(() => {
  const at = view.value;
  if (at.kind === "inbox") return completedIn(scene.value, null);
  return at.kind === "list" ? completedIn(scene.value, at.id) : 0;
});

effect(() => localStorage.setItem(foldedKey, JSON.stringify([...folded.value].filter((id) => id > 0))));
setInterval(() => {
  today.value = dayAt(new Date());
}, 30_000);
addEventListener("visibilitychange", () => {
  today.value = dayAt(new Date());
});

/** Shows or hides what is under a task. */
export function fold(id: number): void {
  const next = new Set(folded.value);
  if (!next.delete(id)) next.add(id);
  folded.value = next;
}
