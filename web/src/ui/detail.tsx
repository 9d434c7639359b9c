import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Label, Task, TaskPatch } from "todod-client";
import { act, edit, relist, remove, short, toggle } from "../model/actions.ts";
import { addDays, dayOf, instantOf, sayDate, sayInstant, timeOf } from "../model/dates.ts";
import { choices, sayRule } from "../model/recurrence.ts";
import { all, keyOf, loaded } from "../model/replica.ts";
import { opened, show } from "../model/route.ts";
import { labels, lists, today, tree } from "../model/state.ts";
import { progressOf, under } from "../model/tree.ts";
import { dueDay } from "../model/views.ts";
import { IconButton, Text, Tick } from "./bits.tsx";
import { History } from "./history.tsx";
import { Icon, type IconName } from "./icons.tsx";
import { Dot } from "./row.tsx";

/** One line of the details: an icon, a name, and what can be changed. */
function Line(props: { icon: IconName; name: string; htmlFor?: string; children: ComponentChildren }): JSX.Element {
  return (
    <div class="line">
      <label class="line-name" {...(props.htmlFor !== undefined && { for: props.htmlFor })}>
        <Icon name={props.icon} size={18} />
        {props.name}
      </label>
      <div class="line-value">{props.children}</div>
    </div>
  );
}

/** The due date, with or without a time, and shortcuts to near days. */
function Due({ task }: { task: Task }): JSX.Element {
  const day = dueDay(task);
  const time = task.due_date !== null && !task.due_all_day ? timeOf(task.due_date) : "";
  const put = (day: string, time: string) => {
    if (day === "") return edit(task, task.recurrence ? { due_date: null, recurrence: null } : { due_date: null });
    edit(task, { due_date: time === "" ? day : instantOf(day, time) });
  };
  const near: [string, string][] = [
    ["Today", today.value],
    ["Tomorrow", addDays(today.value, 1)],
    ["In a week", addDays(today.value, 7)],
  ];
  return (
    <Line icon="today" name="Due" htmlFor="due">
      <div class="dates">
        <input id="due" type="date" value={day} onChange={(event) => put(event.currentTarget.value, time)} />
        {day !== "" && <IconButton icon="close" name="No due date" size={16} onClick={() => put("", "")} />}
        {day !== "" && <input type="time" aria-label="Time it is due" value={time} onChange={(event) => put(day, event.currentTarget.value)} />}
      </div>
      {day === "" && (
        <div class="near">
          {near.map(([name, day]) => (
            <button type="button" key={name} class="pill" onClick={() => put(day, "")}>
              {name}
            </button>
          ))}
        </div>
      )}
    </Line>
  );
}

/** The start date, before which nobody means to begin. */
function Start({ task }: { task: Task }): JSX.Element {
  const day = task.start_date === null ? "" : dayOf(task.start_date, task.start_all_day);
  return (
    <Line icon="upcoming" name="Start" htmlFor="start">
      <div class="dates">
        <input id="start" type="date" value={day} onChange={(event) => edit(task, { start_date: event.currentTarget.value || null })} />
        {day !== "" && <IconButton icon="close" name="No start date" size={16} onClick={() => edit(task, { start_date: null })} />}
      </div>
    </Line>
  );
}

/** How the task recurs: a choice, or a rule of one's own. */
function Repeat({ task }: { task: Task }): JSX.Element {
  const rule = task.recurrence?.rule ?? "";
  const offered = choices(dueDay(task) || today.value);
  const known = rule === "" || offered.some((choice) => choice.rule === rule);
  const [own, setOwn] = useState(false);
  const [draft, setDraft] = useState(rule);
  useEffect(() => setDraft(rule), [rule]);
  const put = (rule: string, from?: "due" | "completion") => {
    if (rule === "") return edit(task, { recurrence: null }, `Ended the recurrence of ${short(task.title)}`, false);
    const fields: TaskPatch = { recurrence: { rule, ...(from && { from }) } };
    edit(task, task.due_date === null ? { ...fields, due_date: today.value } : fields);
  };
  return (
    <Line icon="repeat" name="Repeat" htmlFor="repeat">
      <select
        id="repeat"
        value={own || !known ? "own" : rule}
        onChange={(event) => {
          const chosen = event.currentTarget.value;
          setOwn(chosen === "own");
          if (chosen !== "own") put(chosen);
        }}
      >
        <option value="">Doesn’t repeat</option>
        {offered.map(({ rule, name }) => (
          <option key={rule} value={rule}>
            {name}
          </option>
        ))}
        <option value="own">{known ? "Another rule…" : sayRule(rule)}</option>
      </select>
      {(own || !known) && (
        <form
          class="rule"
          onSubmit={(event) => {
            event.preventDefault();
            setOwn(false);
            put(draft.trim().replace(/^RRULE:/i, ""));
          }}
        >
          <input aria-label="Rule of RFC 5545" value={draft} placeholder="FREQ=WEEKLY;INTERVAL=3" spellcheck={false} onInput={(event) => setDraft(event.currentTarget.value)} />
          <button type="submit" class="pill">
            Set
          </button>
        </form>
      )}
      {rule !== "" && (
        <label class="check-line">
          <input
            type="checkbox"
            checked={task.recurrence?.from === "completion"}
            onChange={(event) => put(rule, event.currentTarget.checked ? "completion" : "due")}
          />
          Count from the day it was done
        </label>
      )}
    </Line>
  );
}

const priorities: [Task["priority"], string][] = [
  ["high", "High"],
  ["medium", "Normal"],
  ["low", "Low"],
];

/** The priority. */
function Priority({ task }: { task: Task }): JSX.Element {
  return (
    <div class="line">
      <span class="line-name" id="priority">
        <Icon name="flag" size={18} />
        Priority
      </span>
      <div class="segments" role="group" aria-labelledby="priority">
        {priorities.map(([priority, name]) => (
          <button
            type="button"
            key={priority}
            class={`segment segment-${priority}`}
            aria-pressed={task.priority === priority}
            onClick={() => task.priority !== priority && edit(task, { priority })}
          >
            {name}
          </button>
        ))}
      </div>
    </div>
  );
}

/** The list that the task is in. */
function InList({ task }: { task: Task }): JSX.Element {
  return (
    <Line icon="inbox" name="List" htmlFor="list">
      <select
        id="list"
        value={lists.value.has(task.list_id ?? 0) ? String(task.list_id) : ""}
        onChange={(event) => {
          const id = Number(event.currentTarget.value) || null;
          relist(task, id, lists.value.get(id ?? 0)?.name ?? "Inbox");
        }}
      >
        <option value="">Inbox</option>
        {all.value.lists.map((list) => (
          <option key={keyOf(list.id)} value={String(list.id)}>
            {list.name}
          </option>
        ))}
      </select>
    </Line>
  );
}

/** The labels of the task, and a line on which others are found or made. */
function Labels({ task }: { task: Task }): JSX.Element {
  const [draft, setDraft] = useState("");
  const own = task.label_ids.map((id) => labels.value.get(id)).filter((label): label is Label => label !== undefined);
  const put = (ids: number[]) => edit(task, { label_ids: ids });
  const add = (event: Event) => {
    event.preventDefault();
    const name = draft.trim();
    setDraft("");
    if (name === "") return;
    const known = all.value.labels.find((label) => label.name.toLowerCase() === name.toLowerCase());
    if (known) return void (task.label_ids.includes(known.id) || put([...task.label_ids, known.id]));
    void act(
      `Added the label ${short(name)}`,
      async (copy) => {
        const id = await copy.create("label", { name });
        await copy.edit("task", task.id, { label_ids: [...task.label_ids, id] });
      },
      { quiet: true },
    );
  };
  return (
    <Line icon="label" name="Labels" htmlFor="labels">
      {own.length > 0 && (
        <ul class="own-labels">
          {own.map((label) => (
            <li key={keyOf(label.id)} class="chip">
              <Dot color={label.color} />
              {label.name}
              <IconButton icon="close" name={`Take off ${label.name}`} size={14} onClick={() => put(task.label_ids.filter((id) => id !== label.id))} />
            </li>
          ))}
        </ul>
      )}
      <form onSubmit={add}>
        <input id="labels" list="all-labels" value={draft} maxLength={60} placeholder="Add a label" autocomplete="off" enterkeyhint="done" onInput={(event) => setDraft(event.currentTarget.value)} />
        <datalist id="all-labels">
          {all.value.labels
            .filter(({ id }) => !task.label_ids.includes(id))
            .map(({ id, name }) => (
              <option key={id} value={name} />
            ))}
        </datalist>
      </form>
    </Line>
  );
}

/** What is under the task, and a line that adds to it. */
function Subtasks({ task }: { task: Task }): JSX.Element {
  const [draft, setDraft] = useState("");
  const children = under(tree.value, task.id);
  const { done, total } = progressOf(tree.value, task.id);
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const title = String(new FormData(event.currentTarget as HTMLFormElement).get("title") ?? "").trim();
    setDraft("");
    if (title === "") return;
    const last = children.at(-1);
    void act(
      `Added ${short(title)}`,
      async (copy) => {
        const id = await copy.create("task", { title, parent_id: task.id });
        if (last) await copy.move("task", id, { after: last.id });
      },
      { quiet: true },
    );
  };
  return (
    <section class="subtasks" aria-label="Subtasks">
      <h2>
        Subtasks
        {total > 0 && (
          <span class="subtasks-note">
            <meter class="meter" min={0} max={total} value={done} aria-hidden="true" />
            {done} of {total}
          </span>
        )}
      </h2>
      <ul>
        {children.map((child) => {
          const below = progressOf(tree.value, child.id);
          return (
            <li key={keyOf(child.id)} class={`subtask ${child.completed ? "done" : ""}`}>
              <Tick done={child.completed} name={child.title} priority={child.priority} onToggle={() => toggle(child)} />
              <button type="button" class="subtask-title" onClick={() => show(child.id)}>
                {child.title}
                {below.total > 0 && (
                  <span class="fact">
                    {below.done}/{below.total}
                  </span>
                )}
              </button>
            </li>
          );
        })}
      </ul>
      <form class="quick quick-small" onSubmit={add}>
        <Icon name="plus" size={18} />
        <input id="subtask" name="title" value={draft} maxLength={200} placeholder="Add a subtask" aria-label="Add a subtask" autocomplete="off" enterkeyhint="done" onInput={(event) => setDraft(event.currentTarget.value)} />
      </form>
    </section>
  );
}

/** The details of the task that is open. */
export function Detail(): JSX.Element | null {
  const task = tree.value.byId.get(opened.value);
  const panel = useRef<HTMLElement>(null);
  const key = task && keyOf(task.id);
  useEffect(() => {
    if (key !== undefined) panel.current?.focus({ preventScroll: true });
  }, [key]);
  if (opened.value === 0 || !loaded.value) return null;
  if (!task) return <Gone />;
  const parent = tree.value.byId.get(task.parent_id ?? Number.NaN);
  return (
    <aside class="detail scroll" aria-label={`Details of ${task.title}`} ref={panel} tabIndex={-1} key={key}>
      <header class="detail-head">
        {parent ? (
          <button type="button" class="up" onClick={() => show(parent.id)}>
            <Icon name="chevron" size={16} />
            {parent.title}
          </button>
        ) : (
          <span class="up-none">{lists.value.get(task.list_id ?? 0)?.name ?? "Inbox"}</span>
        )}
        <IconButton icon="trash" name="Delete the task" onClick={() => remove(task)} />
        <IconButton icon="close" name="Close the details" onClick={() => show(0)} />
      </header>
      <div class={`detail-title ${task.completed ? "done" : ""}`}>
        <Tick done={task.completed} name={`Done: ${task.title}`} priority={task.priority} onToggle={() => toggle(task)} />
        <Text id="title" name="Title" value={task.title} max={200} required onKeep={(title) => edit(task, { title })} />
      </div>
      <Text class="notes" name="Notes" placeholder="Notes" value={task.description ?? ""} max={1000} many onKeep={(text) => edit(task, { description: text || null })} />
      <Subtasks task={task} />
      <div class="lines">
        <Due task={task} />
        <Repeat task={task} />
        <Start task={task} />
        <Priority task={task} />
        <InList task={task} />
        <Labels task={task} />
      </div>
      {task.recurrence && !task.completed && (
        <button type="button" class="pill" onClick={() => void act(`Skipped ${short(task.title)}`, (copy) => copy.skip(task.id))}>
          Skip {task.due_date === null ? "this time" : sayDate(task.due_date, task.due_all_day, today.value)}
        </button>
      )}
      <History key={task.id} task={task} />
      <footer class="detail-foot">
        Added {sayInstant(task.created_at)}
        {task.completed_at !== null && ` · completed ${sayInstant(task.completed_at)}`}
      </footer>
    </aside>
  );
}

/** What is said of a task that isn't there, or not any more. */
function Gone(): JSX.Element {
  return (
    <aside class="detail" aria-label="Details">
      <header class="detail-head">
        <span class="up-none" />
        <IconButton icon="close" name="Close the details" onClick={() => show(0)} />
      </header>
      <p class="gone">This task isn’t here any more. If it was deleted, it’s in the trash.</p>
    </aside>
  );
}
