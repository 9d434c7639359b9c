"use client";

import { type KeyboardEvent, startTransition, useEffect, useOptimistic, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { type Dragged, dragging, type Drop, useDrop } from "@/lib/drag";
import { dueText, isOverdue } from "@/lib/due";
import type { Label, List, Task } from "@/lib/todod";
import { movesOf, type Row } from "@/lib/tree";
import type { Actions } from "@/lib/use-tasks";
import { Menu } from "./menu";
import { PartForm } from "./part-form";
import { Dot } from "./sidebar";
import { TaskForm } from "./task-form";

type Props = {
  row: Row;
  lists: List[];
  labels: Label[];
  nameList: boolean; // say which list it is in
  folded: boolean; // its subtasks are not shown
  fold: (folded: boolean) => void;
  take: (dragged: Dragged, height: number) => Drop | undefined; // what a drop on it would do
  actions: Actions;
  run: (result: Promise<string>) => Promise<void>; // shows what went wrong
  remove: (task: Task) => void;
};

export function TaskRow({ row, lists, labels, nameList, folded, fold, take, actions, run, remove }: Props) {
  const { task, depth, parts } = row;
  const [editing, setEditing] = useState(false);
  const [adding, setAdding] = useState(false);
  // What the box shows until the answer is there; after a failure it goes back by itself.
  const [completed, setCompleted] = useOptimistic(task.completed);
  const editButton = useRef<HTMLButtonElement>(null);
  const moreButton = useRef<HTMLButtonElement>(null);
  const moved = useRef(false);
  const drop = useDrop(take);
  const moves = movesOf(row);
  const list = nameList && lists.find(({ id }) => id === task.list_id);

  // Where a task is moved by key or button, the focus goes along.
  useEffect(() => {
    if (moved.current) moreButton.current?.focus();
    moved.current = false;
  }, [task.version]);

  function move({ move }: (typeof moves)[number]) {
    moved.current = true;
    void run(actions.moveTask(task, move));
  }

  function moveByKey(event: KeyboardEvent) {
    const chosen = event.altKey && moves.find(({ key }) => key === event.key);
    if (!chosen) return;
    event.preventDefault();
    move(chosen);
  }

  function close() {
    flushSync(() => setEditing(false));
    editButton.current?.focus();
  }

  const indented = { "--depth": depth } as React.CSSProperties;
  if (editing) {
    return (
      <li className="card" style={indented} aria-level={depth + 1}>
        <TaskForm task={task} lists={lists} labels={labels} save={(body) => actions.changeTask(task, body)} close={close} />
      </li>
    );
  }
  return (
    <li
      className={completed ? "card done" : "card"}
      style={indented}
      aria-level={depth + 1}
      onKeyDown={moveByKey}
      {...dragging({ task })}
      {...drop}
    >
      <label className="title">
        <input
          type="checkbox"
          checked={completed}
          onChange={({ target }) => {
            const { checked } = target;
            startTransition(async () => {
              setCompleted(checked);
              await run(actions.completeTask(task, checked));
            });
          }}
        />
        <span>{task.title}</span>
      </label>
      <div className="actions">
        <button ref={editButton} aria-label={`Edit ${task.title}`} onClick={() => setEditing(true)}>
          Edit
        </button>
        <Menu of={task.title} button={moreButton}>
          <button onClick={() => setAdding(true)}>Add subtasks</button>
          {moves.map((chosen) => (
            <button key={chosen.name} onClick={() => move(chosen)}>
              {chosen.name}
            </button>
          ))}
          <button onClick={() => remove(task)}>Delete</button>
        </Menu>
      </div>
      {task.description && <p className="description">{task.description}</p>}
      <p className="facts">
        {parts.length > 0 && (
          <button
            className="fold"
            aria-expanded={!folded}
            aria-label={`Subtasks of ${task.title}: ${progress(parts)} completed`}
            onClick={() => fold(!folded)}
          >
            {folded ? "▸" : "▾"} {progress(parts)}
          </button>
        )}
        {task.priority !== "medium" && <span className={`priority ${task.priority}`}>{task.priority} priority</span>}
        {task.due_date && (
          <time dateTime={task.due_date} className={isOverdue(task) ? "overdue" : ""}>
            {isOverdue(task) ? "overdue since" : "due"} {dueText(task)}
          </time>
        )}
        {list && (
          <span>
            <Dot color={list.color} />
            {list.name}
          </span>
        )}
        {labels
          .filter(({ id }) => task.label_ids.includes(id))
          .map(({ id, name, color }) => (
            <span key={id} className="label">
              <Dot color={color} />
              {name}
            </span>
          ))}
      </p>
      {adding && <PartForm task={task} save={actions.addTask} close={() => setAdding(false)} />}
    </li>
  );
}

/** Returns how many of some tasks are completed: 1/3. */
function progress(tasks: Task[]): string {
  return `${tasks.filter(({ completed }) => completed).length}/${tasks.length}`;
}
