"use client";

import { useState } from "react";
import { dragging, useDrop } from "@/lib/drag";
import type { Label, List, ListMove, Task } from "@/lib/todod";
import type { Actions, Filter } from "@/lib/use-tasks";
import { Menu } from "./menu";
import { NameDialog } from "./name-dialog";

type Props = {
  lists: List[];
  labels: Label[];
  filter: Filter;
  onChange: (changed: Filter) => void;
  actions: Actions;
  run: (result: Promise<string>) => Promise<void>; // shows what went wrong
};

/** What the dialog is about: a list or a label to change, or a new one. */
type Editing = { list: List | null } | { label: Label | null };

export function Sidebar({ lists, labels, filter, onChange, actions, run }: Props) {
  const [editing, setEditing] = useState<Editing>();
  const current = lists.filter((list) => !list.archived);
  const archived = lists.filter((list) => list.archived);
  const chosen = filter.label_ids?.split(",").map(Number) ?? [];

  /** Shows the tasks with the chosen labels, of which this is one from now on, or not any more. */
  function choose(id: number, on: boolean) {
    const ids = on ? [...chosen, id] : chosen.filter((other) => other !== id);
    onChange({ label_ids: ids.join(",") || undefined });
  }

  function entry(list: List, among: List[]) {
    const id = String(list.id);
    const at = among.indexOf(list);
    const [above, below] = [among[at - 1], among[at + 1]];
    return (
      <ListEntry
        key={id}
        list={list}
        shown={filter.list_id === id}
        show={() => onChange({ list_id: id })}
        take={(task) => run(actions.moveTask(task, { after: null, list_id: list.id, parent_id: null }))}
        move={(list, body) => run(actions.moveList(list, body))}
      >
        <Menu of={list.name}>
          <button onClick={() => setEditing({ list })}>Rename or recolour</button>
          {above && <button onClick={() => run(actions.moveList(list, { before: above.id }))}>Move up</button>}
          {below && <button onClick={() => run(actions.moveList(list, { after: below.id }))}>Move down</button>}
          <button onClick={() => run(actions.changeList(list, { archived: !list.archived }))}>
            {list.archived ? "Take out of the archive" : "Archive"}
          </button>
          <button
            onClick={() => {
              void run(actions.deleteList(list));
              if (filter.list_id === id) onChange({ list_id: "none" });
            }}
          >
            Delete with its tasks
          </button>
        </Menu>
      </ListEntry>
    );
  }

  return (
    <nav className="sidebar" aria-label="Lists and labels">
      <h2>Lists</h2>
      <ul>
        <ListEntry shown={!filter.list_id} show={() => onChange({ list_id: undefined })} name="All tasks" />
        <ListEntry
          shown={filter.list_id === "none"}
          show={() => onChange({ list_id: "none" })}
          name="Inbox"
          take={(task) => run(actions.moveTask(task, { after: null, list_id: null, parent_id: null }))}
        />
        {current.map((list) => entry(list, current))}
        <li>
          <button className="entry new" onClick={() => setEditing({ list: null })}>
            New list
          </button>
        </li>
      </ul>
      {archived.length > 0 && (
        <details>
          <summary>Archived ({archived.length})</summary>
          <ul>{archived.map((list) => entry(list, archived))}</ul>
        </details>
      )}

      <h2>Labels</h2>
      <ul>
        {labels.map((label) => (
          <li key={label.id}>
            <button
              className="entry"
              aria-pressed={chosen.includes(label.id)}
              onClick={() => choose(label.id, !chosen.includes(label.id))}
            >
              <Dot color={label.color} />
              <span>{label.name}</span>
            </button>
            <Menu of={label.name}>
              <button onClick={() => setEditing({ label })}>Rename or recolour</button>
              <button
                onClick={() => {
                  void run(actions.deleteLabel(label));
                  if (chosen.includes(label.id)) choose(label.id, false);
                }}
              >
                Delete
              </button>
            </Menu>
          </li>
        ))}
        <li>
          <button className="entry new" onClick={() => setEditing({ label: null })}>
            New label
          </button>
        </li>
      </ul>

      {editing && <Edit editing={editing} actions={actions} close={() => setEditing(undefined)} />}
    </nav>
  );
}

type EntryProps = {
  list?: List; // none for the inbox, and for all tasks
  name?: string;
  shown: boolean;
  show: () => void;
  take?: (task: Task) => void; // if tasks can be dropped on it
  move?: (list: List, body: ListMove) => void;
  children?: React.ReactNode;
};

/** A list: its tasks are shown when it is clicked, tasks are dropped on it, and lists before or after it. */
function ListEntry({ list, name = list?.name, shown, show, take, move, children }: EntryProps) {
  const drop = useDrop((dragged, height) => {
    if ("task" in dragged) {
      const { task } = dragged;
      const there = task.list_id === (list?.id ?? null) && !task.parent_id;
      return take && !there ? { spot: "on", act: () => take(task) } : undefined;
    }
    if (!list || !move || dragged.list.id === list.id) return undefined;
    const spot = height < 0.5 ? "before" : "after";
    return { spot, act: () => move(dragged.list, { [spot]: list.id }) };
  });
  return (
    <li {...(list && dragging({ list }))} {...drop}>
      <button className="entry" aria-current={shown || undefined} onClick={show}>
        {list && <Dot color={list.color} />}
        <span>{name}</span>
      </button>
      {children}
    </li>
  );
}

function Edit({ editing, actions, close }: { editing: Editing; actions: Actions; close: () => void }) {
  if ("list" in editing) {
    const { list } = editing;
    return list ? (
      <NameDialog title="Change the list" value={list} save={(body) => actions.changeList(list, body)} close={close} />
    ) : (
      <NameDialog title="New list" save={actions.addList} close={close} />
    );
  }
  const { label } = editing;
  return label ? (
    <NameDialog title="Change the label" value={label} save={(body) => actions.changeLabel(label, body)} close={close} />
  ) : (
    <NameDialog title="New label" save={actions.addLabel} close={close} />
  );
}

/** The colour of a list or a label. */
export function Dot({ color }: { color: string | null }) {
  return <i className="dot" style={{ background: color ?? undefined }} />;
}
