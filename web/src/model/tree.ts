// Tasks as a tree, and where they go when they are moved in it. Nothing here knows of screens or stores.

import type { Task, TaskMove } from "todod-client";

/** Finds tasks by id, and what is right under each; null for those that are no part of another. */
export interface Tree {
  byId: ReadonlyMap<number, Task>;
  children: ReadonlyMap<number | null, readonly Task[]>;
}

/** How many of the tasks under one are done. */
export interface Progress {
  done: number;
  total: number;
}

const deepest = 5;

/** Returns the tree of tasks, which come in the order of their positions. A task whose parent isn't there is none's part. */
export function treeOf(tasks: readonly Task[]): Tree {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const children = new Map<number | null, Task[]>();
  for (const task of tasks) {
    const parent = task.parent_id !== null && byId.has(task.parent_id) ? task.parent_id : null;
    const siblings = children.get(parent);
    if (siblings) siblings.push(task);
    else children.set(parent, [task]);
  }
  return { byId, children };
}

/** Returns what is right under a task. */
export function under(tree: Tree, id: number): readonly Task[] {
  return tree.children.get(id) ?? [];
}

/** Returns the id of the task that another is a part of, null for none that is there. */
export function parentOf(tree: Tree, task: Task): number | null {
  return task.parent_id !== null && tree.byId.has(task.parent_id) ? task.parent_id : null;
}

/** Counts what is under a task, however deep. */
export function progressOf(tree: Tree, id: number): Progress {
  const all: Progress = { done: 0, total: 0 };
  for (const child of under(tree, id)) {
    const below = progressOf(tree, child.id);
    all.total += 1 + below.total;
    all.done += Number(child.completed) + below.done;
  }
  return all;
}

/** Returns the titles of what a task is a part of, the outermost first. */
export function pathOf(tree: Tree, task: Task): string[] {
  const titles: string[] = [];
  for (let at = task.parent_id; at !== null && titles.length < deepest; ) {
    const parent = tree.byId.get(at);
    if (!parent) break;
    titles.unshift(parent.title);
    at = parent.parent_id;
  }
  return titles;
}

/** Returns how many levels there are from a task down, itself counted. */
function height(tree: Tree, id: number): number {
  return 1 + Math.max(0, ...under(tree, id).map((child) => height(tree, child.id)));
}

/** Returns how many levels there are above a task. */
function depthOf(tree: Tree, id: number | null): number {
  const task = id === null ? undefined : tree.byId.get(id);
  return task ? 1 + depthOf(tree, task.parent_id) : 0;
}

/** Returns the open tasks beside one, with it, in their order: those of the same parent, and of the same list where they have none. */
function beside(tree: Tree, task: Task): readonly Task[] {
  const parent = parentOf(tree, task);
  const all = tree.children.get(parent) ?? [];
  return parent === null ? all.filter((other) => other.list_id === task.list_id && other.completed === task.completed) : all;
}

/** A way to move a task by keys. */
export type Step = "up" | "down" | "in" | "out";

/** Returns the move that a step is, undefined where there is nowhere to go. */
export function stepOf(tree: Tree, task: Task, step: Step): TaskMove | undefined {
  const siblings = beside(tree, task);
  const at = siblings.findIndex(({ id }) => id === task.id);
  const [previous, next] = [siblings[at - 1], siblings[at + 1]];
  const parent = tree.byId.get(task.parent_id ?? Number.NaN);
  if (step === "up") return previous && { before: previous.id };
  if (step === "down") return next && { after: next.id };
  if (step === "out") return parent && { parent_id: parentOf(tree, parent), after: parent.id };
  if (!previous || previous.completed) return undefined;
  if (depthOf(tree, previous.id) + height(tree, task.id) > deepest) return undefined;
  return { parent_id: previous.id, before: null };
}

/** A line of a list on the screen, from which a place is found. */
export interface Line {
  id: number;
  depth: number;
}

/** A place in a list on the screen: before the line of this index, this deep. */
export interface Gap {
  index: number;
  depth: number;
}

/** Returns the lines without a task and what is under it. */
export function without(lines: readonly Line[], id: number): Line[] {
  const start = lines.findIndex((line) => line.id === id);
  if (start < 0) return [...lines];
  let end = start + 1;
  while ((lines[end]?.depth ?? -1) > (lines[start]?.depth ?? 0)) end++;
  return [...lines.slice(0, start), ...lines.slice(end)];
}

/** Returns a gap that is as deep as can be there: at least like the line behind it, at most right under the one before. */
export function fitGap(tree: Tree, lines: readonly Line[], gap: Gap, id: number): Gap {
  const [above, below] = [lines[gap.index - 1], lines[gap.index]];
  const most = Math.min(above ? above.depth + 1 : 0, deepest - height(tree, id));
  const least = Math.min(below?.depth ?? 0, most);
  return { index: gap.index, depth: Math.max(least, Math.min(gap.depth, most)) };
}

/** Returns the move that puts a task into a gap between lines, of which it is none. */
export function moveInto(lines: readonly Line[], gap: Gap): TaskMove {
  for (let at = gap.index - 1; at >= 0; at--) {
    const line = lines[at] as Line;
    if (line.depth === gap.depth) return { after: line.id, parent_id: parentAt(lines, at, gap.depth) };
    if (line.depth < gap.depth) return { after: null, parent_id: line.id };
  }
  return { after: null, parent_id: null };
}

/** Returns the id of the line that one of this depth is under. */
function parentAt(lines: readonly Line[], from: number, depth: number): number | null {
  for (let at = from; at >= 0; at--) if ((lines[at]?.depth ?? 0) < depth) return lines[at]?.id ?? null;
  return null;
}
