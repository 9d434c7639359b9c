import type { JSX } from "preact";
import { memo } from "preact/compat";
import { edit, relist, remove, step, toggle } from "../model/actions.ts";
import { sayDate, sayTime } from "../model/dates.ts";
import { sayRule } from "../model/recurrence.ts";
import { keyOf } from "../model/replica.ts";
import { show } from "../model/route.ts";
import { cursor, fold, labels, lists, replica, today } from "../model/state.ts";
import { dueDay, type Row } from "../model/views.ts";
import { act, short } from "../model/actions.ts";
import { type Choice, IconButton, Menu, Tick } from "./bits.tsx";
import { startDrag } from "./drag.ts";
import { Icon } from "./icons.tsx";

/** How a row stands in its list. */
interface RowProps {
  row: Row;
  /** Whether the arrows are on it. */
  current: boolean;
  /** Whether its details are open. */
  open: boolean;
  /** Whether it can be put elsewhere by dragging. */
  ordered: boolean;
}

/** Has the arrows on a row, without scrolling. */
function take(id: number): void {
  cursor.value = id;
}

/** Returns what the menu of a row offers. */
function choicesOf({ task }: Row, ordered: boolean): Choice[] {
  const choices: Choice[] = [
    { name: "Details", icon: "notes", run: () => show(task.id) },
    { name: "Due today", icon: "today", run: () => edit(task, { due_date: today.value }, `Due today: ${short(task.title)}`, false) },
  ];
  if (task.recurrence && !task.completed) {
    choices.push({
      name: "Skip this time",
      icon: "skip",
      run: () => void act(`Skipped ${short(task.title)}`, (copy) => copy.skip(task.id)),
    });
  }
  if (ordered) {
    choices.push(
      { name: "Move up", run: () => void step(task, "up") },
      { name: "Move down", run: () => void step(task, "down") },
      { name: "Indent", run: () => void step(task, "in") },
      { name: "Outdent", run: () => void step(task, "out") },
    );
  }
  for (const list of lists.value.values()) {
    if (list.archived || list.id === task.list_id) continue;
    choices.push({ name: `To ${list.name}`, icon: "chevron", run: () => relist(task, list.id, list.name) });
  }
  if (task.list_id !== null) choices.push({ name: "To Inbox", icon: "inbox", run: () => relist(task, null, "Inbox") });
  choices.push({ name: "Delete", icon: "trash", bad: true, run: () => remove(task) });
  return choices;
}

/** What stands under a title: when it is due, how it recurs, what is done of it, its labels. */
function Facts({ row }: { row: Row }): JSX.Element | null {
  const { task, progress, path, dated } = row;
  const day = dueDay(task);
  const names = task.label_ids.map((id) => labels.value.get(id)).filter((label) => label !== undefined);
  const when = task.completed ? "" : day < today.value ? "late" : day === today.value ? "now" : "";
  const facts: JSX.Element[] = [];
  if (task.due_date !== null && !(dated && task.due_all_day)) {
    facts.push(
      <span key="due" class={`fact due ${when}`}>
        <Icon name="today" size={14} />
        {when === "late" && <span class="sr">Overdue: </span>}
        {dated ? sayTime(task.due_date) : sayDate(task.due_date, task.due_all_day, today.value)}
      </span>,
    );
  }
  if (task.recurrence) {
    facts.push(
      <span key="repeat" class="fact">
        <Icon name="repeat" size={14} />
        {sayRule(task.recurrence.rule)}
      </span>,
    );
  }
  if (progress.total > 0) {
    facts.push(
      <span key="progress" class="fact">
        <meter class="meter" min={0} max={progress.total} value={progress.done} aria-hidden="true" />
        {progress.done}/{progress.total}
        <span class="sr"> subtasks done</span>
      </span>,
    );
  }
  if (task.description) {
    facts.push(
      <span key="notes" class="fact">
        <Icon name="notes" size={14} />
        <span class="sr">Has notes</span>
      </span>,
    );
  }
  for (const label of names) {
    facts.push(
      <span key={label.id} class="chip">
        <Dot color={label.color} />
        {label.name}
      </span>,
    );
  }
  if (path !== "") {
    facts.push(
      <span key="path" class="fact path">
        {path}
      </span>,
    );
  }
  return facts.length > 0 ? <span class="facts">{facts}</span> : null;
}

/** A dot in the colour that somebody gave to a list or a label. */
export function Dot({ color }: { color: string | null }): JSX.Element {
  return <span class="dot" ref={(dot) => void dot?.style.setProperty("--own", color ?? "var(--faint)")} />;
}

/** One task in a list. */
export const TaskRow = memo(function TaskRow({ row, current, open, ordered }: RowProps): JSX.Element {
  const { task, depth, progress, folded, path } = row;
  return (
    <div
      role="listitem"
      class={`row ${task.completed ? "done" : ""} ${open ? "open" : ""} ${path === "" ? "" : "flat"}`}
      data-row={keyOf(task.id)}
      data-depth={depth}
      ref={(item) => void item?.style.setProperty("--depth", String(depth))}
      onClick={() => show(task.id)}
    >
      {ordered && replica.value && (
        <span class="grip" onPointerDown={(event) => startDrag(event, task)} onClick={(event) => event.stopPropagation()}>
          <Icon name="grip" size={18} />
        </span>
      )}
      {path !== "" ? null : progress.total > 0 ? (
        <button
          type="button"
          class="twist"
          tabIndex={-1}
          aria-expanded={!folded}
          aria-label={`Subtasks of ${task.title}`}
          onClick={(event) => {
            event.stopPropagation();
            fold(task.id);
          }}
        >
          <Icon name="chevron" size={16} />
        </button>
      ) : (
        <span class="twist" />
      )}
      <Tick done={task.completed} name={task.title} priority={task.priority} tabIndex={current ? 0 : -1} onToggle={() => toggle(task)} />
      <button
        type="button"
        class="row-main"
        tabIndex={current ? 0 : -1}
        data-main
        onFocus={() => take(task.id)}
        onClick={(event) => {
          event.stopPropagation();
          take(task.id);
          show(task.id);
        }}
      >
        <span class="row-title">
          {task.priority === "high" && (
            <span class="high">
              <Icon name="flag" size={14} />
              <span class="sr">High priority: </span>
            </span>
          )}
          {task.title}
        </span>
        <Facts row={row} />
      </button>
      <span class="row-menu" onClick={(event) => event.stopPropagation()}>
        {current ? (
          <Menu name={`More for ${task.title}`} icon="more" choices={choicesOf(row, ordered)} />
        ) : (
          <IconButton icon="more" name={`More for ${task.title}`} tabIndex={-1} onClick={() => take(task.id)} />
        )}
      </span>
    </div>
  );
}, sameRow);

/** Reports whether a row looks as it did. */
function sameRow(a: RowProps, b: RowProps): boolean {
  return (
    a.current === b.current &&
    a.open === b.open &&
    a.ordered === b.ordered &&
    a.row.task === b.row.task &&
    a.row.depth === b.row.depth &&
    a.row.folded === b.row.folded &&
    a.row.path === b.row.path &&
    a.row.dated === b.row.dated &&
    a.row.progress.done === b.row.progress.done &&
    a.row.progress.total === b.row.progress.total
  );
}
