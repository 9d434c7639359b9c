import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { type PastChange, type Task, TododError } from "todod-client";
import { sayInstant } from "../model/dates.ts";
import { sayFieldName, sayValue } from "../model/fields.ts";
import { replica } from "../model/state.ts";
import { Icon } from "./icons.tsx";

/** How many changes are shown. */
const most = 50;

/** What happened to a task, fetched when somebody wants to see it. */
export function History({ task }: { task: Task }): JSX.Element {
  const [changes, setChanges] = useState<PastChange[] | string | null>(null);
  const [shown, setShown] = useState(false);
  const look = async () => {
    setShown(!shown);
    if (shown || !replica.value) return;
    if (task.id < 0) return setChanges("It wasn’t sent yet, so nothing is known of it but this.");
    setChanges(null);
    try {
      const found: PastChange[] = [];
      for await (const change of replica.value.todod.history("task", task.id)) if (found.push(change) >= most) break;
      setChanges(found);
    } catch (error) {
      setChanges(error instanceof TododError && error.status === 0 ? "The history needs a connection." : "The history can’t be read right now.");
    }
  };
  return (
    <section class="history" aria-label="History">
      <button type="button" class="history-switch" aria-expanded={shown} onClick={() => void look()}>
        <Icon name="history" size={18} />
        History
      </button>
      {shown && typeof changes === "string" && <p class="hint">{changes}</p>}
      {shown && changes === null && <p class="hint">One moment…</p>}
      {shown && Array.isArray(changes) && (
        <ol class="changes">
          {changes.map((change) => (
            <Past key={change.rev} change={change} />
          ))}
        </ol>
      )}
    </section>
  );
}

const verbs: Record<string, string> = {
  created: "Added",
  updated: "Changed",
  completed: "Completed",
  reopened: "Reopened",
  deleted: "Moved to the trash",
  restored: "Taken out of the trash",
};
const unsaid = ["completed_at", "deleted_at", "position", "due_all_day", "start_all_day", "completed"];

/** One change of the past. */
function Past({ change }: { change: PastChange }): JSX.Element {
  const fields = change.op === "updated" || change.op === "completed" ? Object.entries(change.changes ?? {}) : [];
  const said = fields.filter(([name]) => !unsaid.includes(name));
  return (
    <li>
      <span class="change-what">
        {verbs[change.op] ?? change.op}
        {said.map(([name, pair]) => {
          const [before, after] = pair as [unknown, unknown];
          return (
            <span key={name} class="change-field">
              {sayFieldName(name)}: <del>{sayValue(name, before)}</del> → <ins>{sayValue(name, after)}</ins>
            </span>
          );
        })}
      </span>
      <time dateTime={change.at}>{sayInstant(change.at)}</time>
    </li>
  );
}
