// What people do. All of it goes through the copy, can be undone, and says so in a message.

import { signal } from "@preact/signals";
import { type Copy, type Task, type TaskMove, type TaskPatch, TododError, type Write } from "todod-client";
import { sentence } from "../account/session.ts";
import { replica, tree } from "./state.ts";
import { type Step, stepOf } from "./tree.ts";

/** A message at the foot of the screen. */
export interface Message {
  id: number;
  text: string;
  /** Whether what it tells of can be undone from it. */
  undoable: boolean;
  /** Whether it tells of a failure. */
  bad: boolean;
}

/** Something that was done, with the keys of the writes that it was. */
interface Deed {
  text: string;
  keys: string[];
}

/** The message that is shown, null for none. */
export const message = signal<Message | null>(null);

const deeds: Deed[] = [];
const mostDeeds = 100;
let collecting: string[] = [];
let turn: Promise<unknown> = Promise.resolve();
let count = 0;

/** Shows a message. */
export function say(text: string, how: { undoable?: boolean; bad?: boolean } = {}): void {
  message.value = { id: ++count, text, undoable: how.undoable ?? false, bad: how.bad ?? false };
}

/** Is told of each write of the copy. */
export function noteWrite(key: string, _write: Write): void {
  collecting.push(key);
}

/** Forgets what could be undone. */
export function forgetDeeds(): void {
  deeds.length = 0;
  message.value = null;
}

/** Has things done one after the other, so that each knows its own writes. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const result = turn.then(work);
  turn = result.catch(() => {});
  return result;
}

/** Does something to the copy that can be undone; `text` says what, after it was done. Quiet things are not told of. */
export function act<T>(text: string, work: (copy: Copy) => Promise<T>, how: { quiet?: boolean } = {}): Promise<T | undefined> {
  return inTurn(async () => {
    const at = replica.value;
    if (!at) return undefined;
    collecting = [];
    try {
      const result = await work(at.copy);
      if (collecting.length > 0) deeds.push({ text, keys: collecting });
      if (deeds.length > mostDeeds) deeds.shift();
      if (!how.quiet) say(text, { undoable: true });
      return result;
    } catch (error) {
      say(error instanceof Error ? sentence(error.message) : "That didn’t work.", { bad: true });
      return undefined;
    }
  });
}

/** Takes back what was done last. */
export function undo(): Promise<void> {
  return inTurn(async () => {
    const deed = deeds.pop();
    const at = replica.value;
    if (!deed || !at) return say("Nothing to undo.");
    message.value = null;
    const left = [...deed.keys];
    try {
      for (let key = left.at(-1); key !== undefined; key = left.at(-1)) {
        await at.copy.undo(key, AbortSignal.timeout(10_000));
        left.pop();
      }
      say(`Undone: ${deed.text}`);
    } catch (error) {
      const conflict = error instanceof TododError && error.status === 409;
      if (!conflict) deeds.push({ ...deed, keys: left });
      say(conflict ? "That can’t be undone: it was changed again since." : "This was sent already. Undoing it needs a connection.", {
        bad: true,
      });
    }
  });
}

/** Returns a title for a message. */
export function short(title: string): string {
  return title.length > 40 ? `“${title.slice(0, 38).trimEnd()}…”` : `“${title}”`;
}

/** Completes a task, or opens it again. */
export function toggle(task: Task): void {
  if (task.completed) void act(`Reopened ${short(task.title)}`, (copy) => copy.reopen(task.id));
  else void act(`Completed ${short(task.title)}`, (copy) => copy.complete(task.id));
}

/** Changes fields of a task. */
export function edit(task: Task, fields: TaskPatch, text = `Changed ${short(task.title)}`, quiet = true): void {
  void act(text, (copy) => copy.edit("task", task.id, fields), { quiet });
}

/** Puts a task into another list. */
export function relist(task: Task, list: number | null, name: string): void {
  if (task.list_id === list) return;
  const fields: TaskPatch = task.parent_id === null ? { list_id: list } : { list_id: list, parent_id: null };
  edit(task, fields, `Moved ${short(task.title)} to ${name}`, false);
}

/** Moves a task to the trash. */
export function remove(task: Task): void {
  void act(`Deleted ${short(task.title)}`, (copy) => copy.delete("task", task.id));
}

/** Puts a task somewhere else. */
export function move(task: Task, to: TaskMove): void {
  void act(`Moved ${short(task.title)}`, (copy) => copy.move("task", task.id, to), { quiet: true });
}

/** Moves a task by a step, if there is somewhere to go. */
export function step(task: Task, way: Step): boolean {
  const to = stepOf(tree.value, task, way);
  if (to) move(task, to);
  return to !== undefined;
}

/** Does something at todod that has no place in the copy; says so where there is no connection. Returns whether it was done. */
export async function atTodod(work: () => Promise<unknown>, text: string): Promise<boolean> {
  try {
    await work();
    if (text) say(text);
    return true;
  } catch (error) {
    const away = error instanceof TododError && error.status === 0;
    say(away ? "This needs a connection." : sentence(error instanceof Error ? error.message : "That didn’t work"), { bad: true });
    return false;
  }
}

