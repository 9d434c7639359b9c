import type { Task, TaskMove } from "./todod";

/** A task as it is shown: so deep, among these siblings, with so many subtasks. */
export type Row = { task: Task; depth: number; siblings: Task[]; parts: Task[]; parent?: Task };

/**
 * Puts tasks under those that they are a part of, in their order, but for the parts of those that are folded. A task
 * whose parent isn't among them stands by itself.
 */
export function treeOf(tasks: Task[], folded: Set<number>): Row[] {
  const ids = new Set(tasks.map(({ id }) => id));
  const under = new Map<number, Task[]>(); // by parent; 0 for none
  for (const task of tasks) {
    const parent = task.parent_id && ids.has(task.parent_id) ? task.parent_id : 0;
    under.set(parent, [...(under.get(parent) ?? []), task]);
  }

  function rows(siblings: Task[], depth: number, parent?: Task): Row[] {
    return siblings.flatMap((task) => {
      const parts = under.get(task.id) ?? [];
      return [{ task, depth, siblings, parts, parent }, ...(folded.has(task.id) ? [] : rows(parts, depth + 1, task))];
    });
  }
  return rows(under.get(0) ?? [], 0);
}

/** Tells whether a task is another one or a part of it. */
export function isWithin(task: Task | undefined, id: number, tasks: Task[]): boolean {
  return !!task && (task.id === id || isWithin(tasks.find((other) => other.id === task.parent_id), id, tasks));
}

/** Returns the moves that can be made by button, and with which key beside Alt. */
export function movesOf({ task, siblings, parent }: Row): { name: string; key?: string; move: TaskMove }[] {
  const at = siblings.indexOf(task);
  const [above, below] = [siblings[at - 1], siblings[at + 1]];
  return [
    ...(above ? [{ name: "Move up", key: "ArrowUp", move: { before: above.id } }] : []),
    ...(below ? [{ name: "Move down", key: "ArrowDown", move: { after: below.id } }] : []),
    ...(above ? [{ name: `Make part of “${above.title}”`, move: { before: null, parent_id: above.id } }] : []),
    ...(parent ? [{ name: `Take out of “${parent.title}”`, move: { after: parent.id, parent_id: parent.parent_id } }] : []),
  ];
}
