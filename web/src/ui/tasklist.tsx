import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { NewTask } from "todod-client";
import { act, short } from "../model/actions.ts";
import { idNow, keyOf, loaded, online, synced } from "../model/replica.ts";
import { opened, view } from "../model/route.ts";
import { cursor, filter, hidden, labels, lists, sections, today } from "../model/state.ts";
import { narrows, type Row, type Section } from "../model/views.ts";
import { Empty } from "./bits.tsx";
import { Icon, type IconName } from "./icons.tsx";
import { TaskRow } from "./row.tsx";

const [firstRows, moreRows, chunkRows] = [80, 160, 40];

/** Returns what a new task of the view begins with. */
function beginning(): Omit<NewTask, "title"> {
  const at = view.value;
  if (at.kind === "list") return { list_id: at.id };
  if (at.kind === "label") return { label_ids: [at.id] };
  return at.kind === "today" ? { due_date: today.value } : {};
}

/** The line on which a new task is written. */
export function QuickAdd(): JSX.Element {
  const [title, setTitle] = useState("");
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget as HTMLFormElement).get("title") ?? "").trim();
    if (text === "") return;
    setTitle("");
    const fields = beginning();
    void act(`Added ${short(text)}`, (copy) => copy.create("task", { ...fields, title: text }), { quiet: true });
  };
  const at = view.value;
  const place = at.kind === "list" ? ` to ${lists.value.get(at.id)?.name ?? "this list"}` : at.kind === "today" ? " for today" : "";
  return (
    <form class="quick" onSubmit={add}>
      <Icon name="plus" />
      <input
        id="quick"
        name="title"
        value={title}
        onInput={(event) => setTitle(event.currentTarget.value)}
        maxLength={200}
        placeholder={`Add a task${place}`}
        aria-label={`Add a task${place}`}
        autocomplete="off"
        enterkeyhint="done"
      />
      {title.trim() !== "" && (
        <button type="submit" class="quick-add">
          Add
        </button>
      )}
    </form>
  );
}

/** All sections of the view. Long ones are put on the screen bit by bit, so that the first lines are there at once. */
export function TaskList(): JSX.Element {
  const all = sections.value;
  const [shown, setShown] = useState(firstRows);
  const total = all.reduce((sum, { rows }) => sum + rows.length, 0);
  useEffect(() => setShown(firstRows), [view.value]);
  useEffect(() => {
    if (shown >= total) return;
    const frame = requestAnimationFrame(() => setShown(shown + moreRows));
    return () => cancelAnimationFrame(frame);
  }, [shown, total]);
  if (!loaded.value) return <div class="list-wait" />;
  if (total === 0) return <Nothing />;
  const first = all.flatMap(({ rows }) => rows)[0]?.task.id ?? 0;
  const at = all.some(({ rows }) => rows.some(({ task }) => task.id === idNow(cursor.value))) ? idNow(cursor.value) : first;
  let left = shown;
  return (
    <div class="sections">
      {all.map((section) => {
        const most = Math.max(0, left);
        left -= section.rows.length;
        return section.rows.length > 0 && <SectionList key={section.key} section={section} at={at} most={most} />;
      })}
      <DoneSwitch />
    </div>
  );
}

/** Returns rows in pieces: those that are out of sight cost nothing when the list is scrolled. */
function chunksOf(rows: readonly Row[]): Row[][] {
  return Array.from({ length: Math.ceil(rows.length / chunkRows) }, (_, at) => rows.slice(at * chunkRows, (at + 1) * chunkRows));
}

/** One section: its heading, if it has one, and its rows, `most` of them at most. */
function SectionList({ section, at, most }: { section: Section; at: number; most: number }): JSX.Element {
  const { key, title, note, rows, ordered } = section;
  return (
    <section class={`section section-${key}`} aria-label={title || "Tasks"}>
      {title !== "" && (
        <h2 class="section-head">
          {title} <span class="section-note">{note}</span>
        </h2>
      )}
      <div class="rows" role="list" data-section={key}>
        {chunksOf(rows.slice(0, most)).map((chunk, number) => (
          <div class="chunk" role="presentation" key={number}>
            {chunk.map((row) => (
              <TaskRow
                key={keyOf(row.task.id)}
                row={row}
                current={row.task.id === at}
                open={row.task.id === opened.value}
                ordered={ordered}
              />
            ))}
          </div>
        ))}
      </div>
    </section>
  );
}

/** Shows or hides what is completed in a list. */
function DoneSwitch(): JSX.Element | null {
  const { completed } = filter.value;
  if (hidden.value === 0 || narrows(filter.value)) return null;
  return (
    <button
      type="button"
      class="done-switch"
      aria-expanded={completed}
      onClick={() => {
        filter.value = { ...filter.value, completed: !completed };
      }}
    >
      {completed ? "Hide completed" : `Show ${hidden.value} completed`}
    </button>
  );
}

/** What a view says when there is nothing in it. */
function Nothing(): JSX.Element {
  if (narrows(filter.value)) {
    return (
      <Empty icon="search" title="Nothing found">
        No task matches. Try fewer words, or clear the filters.
      </Empty>
    );
  }
  if (!synced.value && online.value) return <div class="list-wait" role="status" aria-label="Loading" />;
  const at = view.value;
  const says: Record<string, [IconName, string, string]> = {
    inbox: ["inbox", "Your inbox is clear", "Whatever crosses your mind: write it down above, and sort it later."],
    today: ["today", "Nothing due today", "Enjoy it. What you add here is due today."],
    upcoming: ["upcoming", "Nothing ahead", "Tasks with a due date after today gather here, day by day."],
    all: ["all", "No tasks yet", "Write the first one above."],
    completed: ["completed", "Nothing completed yet", "What you finish is kept here."],
    list: ["all", "This list is empty", "Add its first task above."],
    label: ["label", `Nothing labelled “${"id" in at ? (labels.value.get(at.id)?.name ?? "") : ""}”`, "Tasks with this label gather here."],
  };
  const [icon, title, text] = says[at.kind] ?? ["all", "Nothing here", ""];
  return (
    <>
      <Empty icon={icon} title={title}>
        {text}
      </Empty>
      <DoneSwitch />
    </>
  );
}

/** Scrolls to the row that the arrows are on, and focuses it. */
export function focusRow(id: number): void {
  cursor.value = id;
  requestAnimationFrame(() => {
    const row = document.querySelector<HTMLElement>(`[data-row="${keyOf(id)}"] [data-main]`);
    row?.focus({ preventScroll: true });
    row?.closest(".row")?.scrollIntoView({ block: "nearest" });
  });
}

