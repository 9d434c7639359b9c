// Where the person is, in the address: /app/today, /app/list/7?task=9.

import { signal } from "@preact/signals";
import { idNow } from "./replica.ts";
import type { View } from "./views.ts";

const plain = ["inbox", "today", "upcoming", "all", "completed", "trash"] as const;

/** What is on the screen. */
export const view = signal<View>({ kind: "today" });
/** The task whose details are open, 0 for none. */
export const opened = signal(0);

/** Returns the path of a view. */
export function pathFor(to: View): string {
  return `/app/${to.kind}${"id" in to ? `/${to.id}` : ""}`;
}

/** Reads the address. */
export function readAddress(): void {
  const [, , kind = "", id = ""] = location.pathname.split("/");
  const known = plain.find((name) => name === kind);
  if (known) view.value = { kind: known };
  else if ((kind === "list" || kind === "label") && Number(id)) view.value = { kind, id: idNow(Number(id)) };
  else view.value = { kind: "inbox" };
  opened.value = idNow(Number(new URLSearchParams(location.search).get("task") ?? 0));
}

/** Goes to a view. */
export function go(to: View): void {
  if (pathFor(to) === pathFor(view.value) && opened.value === 0) return;
  history.pushState(null, "", pathFor(to));
  readAddress();
}

/** Opens the details of a task, or closes them: 0. */
export function show(task: number): void {
  if (task === opened.value) return;
  const path = pathFor(view.value) + (task === 0 ? "" : `?task=${task}`);
  if (task !== 0 && opened.value !== 0) history.replaceState(null, "", path);
  else history.pushState(null, "", path);
  readAddress();
}

/** Has the address name things by the ids that todod has given. */
export function renewAddress(): void {
  const to = view.value;
  const now = "id" in to ? { ...to, id: idNow(to.id) } : to;
  const task = idNow(opened.value);
  if (pathFor(now) === pathFor(to) && task === opened.value) return;
  history.replaceState(null, "", pathFor(now) + (task === 0 ? "" : `?task=${task}`));
  readAddress();
}

addEventListener("popstate", readAddress);
