"use client";

import { useState } from "react";
import type { Dragged, Drop } from "@/lib/drag";
import type { Label, List, Task } from "@/lib/todod";
import { isWithin, type Row, treeOf } from "@/lib/tree";
import type { Actions } from "@/lib/use-tasks";
import { TaskRow } from "./task-row";

type Props = {
  tasks: Task[];
  arranged: boolean; // these are all tasks of a list in their order; else they are what was found, one below the other
  lists: List[];
  labels: Label[];
  actions: Actions;
  run: (result: Promise<string>) => Promise<void>; // shows what went wrong
  remove: (task: Task) => void;
};

export function TaskList({ tasks, arranged, ...rest }: Props) {
  const [folded, setFolded] = useState(new Set<number>());
  const rows: Row[] = arranged
    ? treeOf(tasks, folded)
    : tasks.map((task) => ({ task, depth: 0, siblings: [], parts: [] }));

  function setFold(id: number, fold: boolean) {
    const others = [...folded].filter((other) => other !== id);
    setFolded(new Set(fold ? [...others, id] : others));
  }

  /** Says what a drop on a task does: near the edges it makes a neighbour of it, in the middle a part. */
  function take(target: Task, dragged: Dragged, height: number): Drop | undefined {
    if (!arranged || !("task" in dragged) || isWithin(target, dragged.task.id, tasks)) return undefined;
    const { id, list_id, parent_id } = target;
    const spot = height < 0.3 ? "before" : height > 0.7 ? "after" : "on";
    const move = spot === "on" ? { before: null, parent_id: id } : { [spot]: id, parent_id };
    return { spot, act: () => rest.run(rest.actions.moveTask(dragged.task, { ...move, list_id })) };
  }

  return (
    <ul className="tasks">
      {rows.map((row) => (
        <TaskRow
          key={row.task.id}
          row={row}
          folded={folded.has(row.task.id)}
          fold={(fold) => setFold(row.task.id, fold)}
          take={(dragged, height) => take(row.task, dragged, height)}
          nameList={!arranged}
          {...rest}
        />
      ))}
    </ul>
  );
}
