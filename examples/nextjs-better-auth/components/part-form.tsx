"use client";

import { type FormEvent, useState } from "react";
import type { NewTask, Task } from "@/lib/todod";

type Props = {
  task: Task;
  save: (body: NewTask) => Promise<string>; // returns what went wrong, or nothing
  close: () => void;
};

/** Adds subtasks to a task, one after the other. */
export function PartForm({ task, save, close }: Props) {
  const [error, setError] = useState("");

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const error = await save({ title: String(new FormData(form).get("title")), parent_id: task.id });
    setError(error);
    if (!error) form.reset();
  }

  return (
    <form onSubmit={submit} onKeyDown={({ key }) => key === "Escape" && close()} className="part-form">
      <input
        name="title"
        aria-label={`New subtask of ${task.title}`}
        placeholder="What is a part of it?"
        required
        autoFocus
        autoComplete="off"
      />
      <button className="primary">Add subtask</button>
      <button type="button" onClick={close}>
        Close
      </button>
      {error && (
        <p role="alert" className="error">
          {error}
        </p>
      )}
    </form>
  );
}
