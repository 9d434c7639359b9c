import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { all } from "../model/replica.ts";
import { view } from "../model/route.ts";
import { dialog, drawer, filter, labels, lists } from "../model/state.ts";
import { everything, type Filter } from "../model/views.ts";
import { IconButton } from "./bits.tsx";
import { Icon } from "./icons.tsx";
import { Status } from "./status.tsx";

const titles: Record<string, string> = {
  inbox: "Inbox",
  today: "Today",
  upcoming: "Upcoming",
  all: "All tasks",
  completed: "Completed",
  trash: "Trash",
};

/** Returns the title of the view. */
export function titleOf(): string {
  if (filter.value.query.trim() !== "") return "Search";
  const at = view.value;
  if (at.kind === "list") return lists.value.get(at.id)?.name ?? "List";
  if (at.kind === "label") return labels.value.get(at.id)?.name ?? "Label";
  return titles[at.kind] ?? "";
}

/** Changes some of the filter. */
function narrow(fields: Partial<Filter>): void {
  filter.value = { ...filter.value, ...fields };
}

/** The top of the view: search, filters, and how things stand. */
export function Toolbar(): JSX.Element {
  const [shown, setShown] = useState(false);
  const { query, priority, label, sort, completed } = filter.value;
  const active = priority !== "" || label !== 0 || sort !== "manual";
  const trash = view.value.kind === "trash";
  return (
    <header class="top">
      <div class="top-line">
        <IconButton
          icon="menu"
          name="Open the sidebar"
          class="top-menu"
          expanded={drawer.value}
          onClick={() => {
            drawer.value = true;
          }}
        />
        <label class="search">
          <Icon name="search" size={18} />
          <span class="sr">Search all tasks</span>
          <input
            id="search"
            type="search"
            value={query}
            placeholder="Search"
            autocomplete="off"
            onInput={(event) => narrow({ query: event.currentTarget.value })}
            onKeyDown={(event) => {
              if (event.key !== "Escape") return;
              event.stopPropagation();
              narrow({ query: "" });
              event.currentTarget.blur();
            }}
          />
        </label>
        <Status />
        <IconButton
          icon="keys"
          name="Keys"
          class="top-keys"
          onClick={() => {
            dialog.value = "keys";
          }}
        />
      </div>
      <div class="title-line">
        <h1>{titleOf()}</h1>
        {!trash && (
          <IconButton
            icon="filter"
            name="Filter and sort"
            expanded={shown}
            pressed={active}
            class={active ? "active" : ""}
            onClick={() => setShown(!shown)}
          />
        )}
      </div>
      {(shown || active) && !trash && (
        <div class="filters" role="group" aria-label="Filter and sort">
          <select aria-label="Priority" value={priority} onChange={(event) => narrow({ priority: event.currentTarget.value as Filter["priority"] })}>
            <option value="">Any priority</option>
            <option value="high">High</option>
            <option value="medium">Normal</option>
            <option value="low">Low</option>
          </select>
          <select aria-label="Label" value={String(label)} onChange={(event) => narrow({ label: Number(event.currentTarget.value) })}>
            <option value="0">Any label</option>
            {all.value.labels.map(({ id, name }) => (
              <option key={id} value={String(id)}>
                {name}
              </option>
            ))}
          </select>
          <select aria-label="Order" value={sort} onChange={(event) => narrow({ sort: event.currentTarget.value as Filter["sort"] })}>
            <option value="manual">In my order</option>
            <option value="due">Due first</option>
            <option value="priority">Highest priority first</option>
            <option value="title">By title</option>
            <option value="newest">Newest first</option>
          </select>
          <label class="check-line">
            <input type="checkbox" checked={completed} onChange={(event) => narrow({ completed: event.currentTarget.checked })} />
            Completed, too
          </label>
          <button
            type="button"
            class="link"
            onClick={() => {
              filter.value = everything;
              setShown(false);
            }}
          >
            Clear
          </button>
        </div>
      )}
    </header>
  );
}
