// Fields and their values as people read them: in histories and conflicts.

import { sayDate } from "./dates.ts";
import { sayRule } from "./recurrence.ts";
import { idNow } from "./replica.ts";
import { labels, lists, today, tree } from "./state.ts";

const names: Record<string, string> = {
  title: "Title",
  description: "Notes",
  completed: "Done",
  priority: "Priority",
  due_date: "Due",
  due_zone: "Time zone",
  start_date: "Start",
  recurrence: "Repeat",
  list_id: "List",
  parent_id: "Part of",
  label_ids: "Labels",
  name: "Name",
  color: "Colour",
  archived: "Archived",
};

/** Returns the name of a field. */
export function sayFieldName(field: string): string {
  return names[field] ?? field.replaceAll("_", " ");
}

/** Returns a value of a field. */
export function sayValue(field: string, value: unknown): string {
  if (field === "list_id") return value === null ? "Inbox" : (lists.value.get(idNow(Number(value)))?.name ?? "a list");
  if (value === null || value === undefined || value === "") return "none";
  if (field === "parent_id") return tree.value.byId.get(idNow(Number(value)))?.title ?? "a task";
  if (Array.isArray(value)) {
    return value.map((id) => labels.value.get(idNow(Number(id)))?.name).filter((name) => name !== undefined).join(", ") || "none";
  }
  if (typeof value === "string" && field.endsWith("_date")) {
    return sayDate(value, value.length === 10 || value.endsWith("T00:00:00.000000Z"), today.value);
  }
  if (field === "priority") return value === "medium" ? "normal" : String(value);
  if (field === "recurrence" && typeof value === "object" && "rule" in value) return sayRule(String(value.rule));
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
