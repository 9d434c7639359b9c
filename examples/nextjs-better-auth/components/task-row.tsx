"use client";

import { startTransition, useOptimistic, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { Task, TaskPatch } from "@/lib/todod";
import { dueText, isOverdue } from "@/lib/due";
import { TaskForm } from "./task-form";

type Props = {
  task: Task;
  change: (task: Task, body: TaskPatch) => Promise<string>; // returns what went wrong, or nothing
  complete: (task: Task, completed: boolean) => Promise<void>;
  remove: (task: Task) => Promise<void>;
};

export function TaskRow({ task, change, complete, remove }: Props) {
  const [editing, setEditing] = useState(false);
  // What the box shows until the answer is there; after a failure it goes back by itself.
  const [completed, setCompleted] = useOptimistic(task.completed);
  const editButton = useRef<HTMLButtonElement>(null);

  function close() {
    flushSync(() => setEditing(false));
    editButton.current?.focus();
  }

  if (editing) {
    return (
      <li className="card">
        <TaskForm task={task} save={(body) => change(task, body)} close={close} />
      </li>
    );
  }
  return (
    <li className={completed ? "card done" : "card"}>
      <label className="title">
        <input
          type="checkbox"
          checked={completed}
          onChange={({ target }) => {
            const { checked } = target;
            startTransition(async () => {
              setCompleted(checked);
              await complete(task, checked);
            });
          }}
        />
        <span>{task.title}</span>
      </label>
      <div className="actions">
        <button ref={editButton} aria-label={`Edit ${task.title}`} onClick={() => setEditing(true)}>
          Edit
        </button>
        <button aria-label={`Delete ${task.title}`} onClick={() => remove(task)}>
          Delete
        </button>
      </div>
      {task.description && <p className="description">{task.description}</p>}
      <p className="facts">
        <span className={`priority ${task.priority}`}>{task.priority} priority</span>
        {task.due_date && (
          <time dateTime={task.due_date} className={isOverdue(task) ? "overdue" : ""}>
            {isOverdue(task) ? "overdue since" : "due"} {dueText(task)}
          </time>
        )}
      </p>
    </li>
  );
}
