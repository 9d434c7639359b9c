"use client";

import { type FormEvent, useState } from "react";
import type { NewTask, Task } from "@/lib/todod";
import { dueDay } from "@/lib/due";

type Props = {
  task?: Task; // the one to edit; without one, the form makes a new one
  save: (body: NewTask) => Promise<string>; // returns what went wrong, or nothing
  close?: () => void;
};

export function TaskForm({ task, save, close }: Props) {
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const value = (name: string) => String(new FormData(form).get(name));
    const due = value("due");
    setBusy(true);
    const error = await save({
      title: value("title"),
      description: value("description") || null,
      priority: value("priority") as Task["priority"],
      // Left alone unless it was changed: it may have a time of day, which this form doesn't show.
      ...(due !== dueDay(task) && { due_date: due || null }),
    });
    setBusy(false);
    setError(error);
    if (error) return;
    form.reset();
    close?.();
  }

  return (
    <form onSubmit={submit} onKeyDown={({ key }) => key === "Escape" && close?.()} className="task-form">
      <label className="wide">
        Title
        <input name="title" defaultValue={task?.title} placeholder={task ? "" : "What is to be done?"} required autoFocus={!!task} />
      </label>
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
      {error && (
        <p role="alert" className="error wide">
          {error}
        </p>
      )}
    </form>
  );
}
