import type { Task } from "./todod";

// A task is due on a day, which is the same day everywhere and comes as its midnight in UTC, or at an instant.

/** Returns the day a task is due on, as a date field wants it: 2026-12-25, or nothing. */
export function dueDay(task?: Task): string {
  if (!task?.due_date) return "";
  return task.due_all_day ? task.due_date.slice(0, 10) : localDay(new Date(task.due_date));
}

/** Returns when a task is due, in the reader's language. */
export function dueText({ due_date, due_all_day }: Task): string {
  if (!due_date) return "";
  const date = new Date(due_date);
  return due_all_day
    ? date.toLocaleDateString(undefined, { dateStyle: "medium", timeZone: "UTC" })
    : date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** Tells whether a task should have been done by now. One that is due today is not late yet. */
export function isOverdue(task: Task): boolean {
  if (!task.due_date || task.completed) return false;
  return task.due_all_day ? dueDay(task) < localDay(new Date()) : new Date(task.due_date) < new Date();
}

/** Returns the day that a date is on here: 2026-12-25. */
function localDay(date: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
