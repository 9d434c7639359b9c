"use client";

import { type FormEvent, useId, useState } from "react";
import type { NewName } from "@/lib/todod";

const colors = {
  Red: "#d6453a",
  Orange: "#d97a1c",
  Yellow: "#c9a100",
  Green: "#3c9a4f",
  Blue: "#3f7fe0",
  Purple: "#9257d8",
};

type Props = {
  title: string;
  value?: { name: string; color: string | null }; // the list or label to change; without one, a new one is made
  save: (body: NewName) => Promise<string>; // returns what went wrong, or nothing
  close: () => void;
};

/** Asks for the name and the colour of a list or a label. */
export function NameDialog({ title, value, save, close }: Props) {
  const [error, setError] = useState("");
  const heading = useId();

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const error = await save({ name: String(data.get("name")), color: String(data.get("color")) || null });
    setError(error);
    if (!error) form.closest("dialog")?.close();
  }

  const choices = [["None", ""], ...Object.entries(colors)];
  const color = value?.color ?? "";
  if (!choices.some(([, choice]) => choice === color)) choices.push([color, color]); // of another application

  return (
    <dialog ref={show} onClose={close} aria-labelledby={heading} className="card">
      <form onSubmit={submit}>
        <h2 id={heading}>{title}</h2>
        <label>
          Name
          <input name="name" defaultValue={value?.name} required autoFocus autoComplete="off" />
        </label>
        <fieldset className="colors">
          <legend>Colour</legend>
          {choices.map(([name, choice]) => (
            <input
              key={choice}
              type="radio"
              name="color"
              value={choice}
              defaultChecked={choice === color}
              aria-label={name}
              title={name}
              style={{ background: choice }}
            />
          ))}
        </fieldset>
        {error && (
          <p role="alert" className="error">
            {error}
          </p>
        )}
        <div className="actions">
          <button className="primary">Save</button>
          <button type="button" onClick={({ currentTarget }) => currentTarget.closest("dialog")?.close()}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** Opens a dialog as soon as it is there. */
function show(dialog: HTMLDialogElement | null) {
  dialog?.showModal();
}
