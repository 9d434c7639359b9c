"use client";

import { type FormEvent, useState } from "react";
import type { Label, List, NewTask, Task } from "@/lib/todod";
import { dueDay } from "@/lib/due";
import { Dot } from "./sidebar";

type Props = {
  task?: Task; // the one to edit; without one, the form makes a new one
  lists: List[];
  labels: Label[];
  save: (body: NewTask) => Promise<string>; // returns what went wrong, or nothing
  close?: () => void;
};

export function TaskForm({ task, lists, labels, save, close }: Props) {
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const value = (name: string) => String(data.get(name));
    const due = value("due");
    const list = data.get("list");
    // Those that aren't known are in the trash, and stay on the task.
    const unknown = task?.label_ids.filter((id) => !labels.some((label) => label.id === id)) ?? [];
    setBusy(true);
    const error = await save({
      title: value("title"),
      description: value("description") || null,
      priority: value("priority") as Task["priority"],
      label_ids: [...data.getAll("label").map(Number), ...unknown],
      ...(list !== null && { list_id: Number(list) || null }),
      // Left alone unless it was changed: it may have a time of day, which this form doesn't show.
      ...(due !== dueDay(task) && { due_date: due || null }),
    });
    setBusy(false);
    setError(error);
    if (error) return;
    form.reset();
    close?.();
  }

  const details = (
    <div className="fields wide">
      <label className="wide">
        Description
        <textarea name="description" rows={1} defaultValue={task?.description ?? ""} />
      </label>
      <label>
        Priority
        <select name="priority" defaultValue={task?.priority ?? "medium"}>
          <option value="low">Low</option>
          <option value="medium">Medium</option>
          <option value="high">High</option>
        </select>
      </label>
      <label>
        Due date
        <input name="due" type="date" defaultValue={dueDay(task)} />
      </label>
      {task && !task.parent_id && ( // a subtask is where its parent is
        <label>
          List
          <select name="list" defaultValue={task.list_id ?? ""}>
            <option value="">Inbox</option>
            {lists.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      {labels.length > 0 && (
        <fieldset className="labels wide">
          <legend>Labels</legend>
          {labels.map(({ id, name, color }) => (
            <label key={id}>
              <input type="checkbox" name="label" value={id} defaultChecked={task?.label_ids.includes(id)} />
              <Dot color={color} />
              {name}
            </label>
          ))}
        </fieldset>
      )}
    </div>
  );

  return (
    <form onSubmit={submit} onKeyDown={({ key }) => key === "Escape" && close?.()} className="task-form">
      <label className={task && "wide"}>
        Title
        <input name="title" defaultValue={task?.title} placeholder={task ? "" : "What is to be done?"} required autoFocus={!!task} />
      </label>
      {task && details}
      <div className="actions">
        <button className="primary" disabled={busy}>
          {task ? "Save" : "Add task"}
        </button>
        {close && (
          <button type="button" onClick={close}>
            Cancel
          </button>
        )}
      </div>
      {!task && (
        <details className="wide">
          <summary>Details</summary>
          {details}
        </details>
      )}
      {error && (
        <p role="alert" className="error wide">
          {error}
        </p>
      )}
    </form>
  );
}
