import type { JSX } from "preact";
import { edit, remove, step, toggle, undo } from "../model/actions.ts";
import { idNow } from "../model/replica.ts";
import { go, opened, show } from "../model/route.ts";
import { cursor, dialog, drawer, filter, fold, rows, sections, tree } from "../model/state.ts";
import { everything, type View } from "../model/views.ts";
import { Dialog } from "./bits.tsx";
import { focusRow } from "./tasklist.tsx";

/** All keys, by what they are for. */
const sheet: [string, [string, string][]][] = [
  [
    "Everywhere",
    [
      ["n", "New task"],
      ["/", "Search"],
      ["Ctrl Z", "Undo"],
      ["?", "These keys"],
      ["Esc", "Close, or back to the list"],
    ],
  ],
  [
    "Go to",
    [
      ["g i", "Inbox"],
      ["g t", "Today"],
      ["g u", "Upcoming"],
      ["g a", "All tasks"],
      ["g c", "Completed"],
      ["g x", "Trash"],
      ["g l", "Lists and labels"],
    ],
  ],
  [
    "In a list",
    [
      ["j ↓ · k ↑", "Next, previous"],
      ["Enter", "Open"],
      ["Space", "Complete, reopen"],
      ["1 2 3", "High, normal, low priority"],
      ["d", "Due date"],
      ["s", "New subtask"],
      ["l", "List"],
      ["Delete", "To the trash"],
      ["← →", "Fold, unfold subtasks"],
    ],
  ],
  [
    "Put elsewhere",
    [
      ["Alt ↑ ↓", "Up, down"],
      ["Alt →", "Under the one above"],
      ["Alt ←", "Out of its parent"],
    ],
  ],
];

/** The sheet of keys. */
export function Keys(): JSX.Element {
  return (
    <Dialog
      title="Keys"
      class="dialog-wide"
      onClose={() => {
        dialog.value = "";
      }}
    >
      <div class="keys">
        {sheet.map(([title, keys]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {keys.map(([key, does]) => (
                <div key={key}>
                  <dt>
                    {key.split(" ").map((part) => (part === "·" ? " " : <kbd key={part}>{part}</kbd>))}
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

const places: Record<string, View> = {
  i: { kind: "inbox" },
  t: { kind: "today" },
  u: { kind: "upcoming" },
  a: { kind: "all" },
  c: { kind: "completed" },
  x: { kind: "trash" },
};

/** How long g waits for the next key, in milliseconds. */
const patience = 1500;
let going = 0;

/** Focuses the element of an id: now, or once it is there. */
function focusOn(id: string): void {
  const there = document.getElementById(id);
  if (there) there.focus();
  else requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById(id)?.focus()));
}

/** Returns the task that keys act on: that of the row with the focus, else the one whose details are open. */
function taskOfKeys(inList: boolean) {
  return tree.value.byId.get(idNow(inList ? cursor.value : opened.value));
}

/** Goes to the next row, or the previous one. */
function walk(by: number): void {
  const all = rows.value;
  const at = all.findIndex(({ task }) => task.id === idNow(cursor.value));
  const inList = document.activeElement?.matches("[data-main]") ?? false;
  const next = all[at < 0 ? 0 : inList ? Math.min(all.length - 1, Math.max(0, at + by)) : at];
  if (next) focusRow(next.task.id);
}

/** Does something to a task that takes it away, and goes on to the row behind it. */
function onward(id: number, work: () => void): void {
  const all = rows.value;
  const at = all.findIndex(({ task }) => task.id === id);
  const depth = all[at]?.depth ?? 0;
  const next = all.slice(at + 1).find((row) => row.depth <= depth) ?? all[at - 1];
  work();
  if (next) focusRow(next.task.id);
}

/** Reports whether an element takes letters. */
function writes(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input:not([type=checkbox]), textarea, select");
}

/** Does what a key means. Returns whether it meant anything. */
function press(event: KeyboardEvent): boolean {
  const { key, target } = event;
  if (dialog.value !== "") return false;
  if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "z" && !event.shiftKey && !writes(target)) {
    void undo();
    return true;
  }
  if (event.ctrlKey || event.metaKey) return false;
  if (key === "Escape") return back(target);
  if (writes(target)) return false;
  if (going > Date.now() - patience) {
    going = 0;
    return goBy(key);
  }
  const inList = target instanceof HTMLElement && target.matches(".row *");
  const task = taskOfKeys(inList);
  if (event.altKey) return task !== undefined && reorder(task.id, key);
  return everywhere(key) || (task !== undefined && onTask(key, target, inList));
}

/** Does what a key behind g means. */
function goBy(key: string): boolean {
  if (key === "l") {
    drawer.value = true;
    document.querySelector<HTMLElement>(".group a, .group button")?.focus();
    return true;
  }
  const to = places[key];
  if (!to) return false;
  filter.value = everything;
  go(to);
  cursor.value = 0;
  requestAnimationFrame(() => requestAnimationFrame(() => document.querySelector<HTMLElement>("[data-main][tabindex='0']")?.focus()));
  return true;
}

/** Does what a key means wherever one is. */
function everywhere(key: string): boolean {
  switch (key) {
    case "?":
      dialog.value = "keys";
      return true;
    case "n":
      focusOn("quick");
      return true;
    case "/":
      focusOn("search");
      return true;
    case "g":
      going = Date.now();
      return true;
    case "j":
    case "ArrowDown":
      walk(1);
      return true;
    case "k":
    case "ArrowUp":
      walk(-1);
      return true;
    default:
      return false;
  }
}

/** Does what a key means to a task. */
function onTask(key: string, target: EventTarget | null, inList: boolean): boolean {
  const task = taskOfKeys(inList);
  if (!task) return false;
  const main = target instanceof HTMLElement && (target.matches("[data-main]") || target.matches(".detail"));
  const open = (id: string) => {
    if (opened.value === task.id) focusOn(id);
    else {
      show(task.id);
      requestAnimationFrame(() => requestAnimationFrame(() => focusOn(id)));
    }
    return true;
  };
  switch (key) {
    case " ":
      if (!main) return false;
      if (inList && rows.value.length > 0 && sections.value[0]?.ordered !== undefined) onward(task.id, () => toggle(task));
      else toggle(task);
      return true;
    case "x":
      toggle(task);
      return true;
    case "1":
    case "2":
    case "3":
      edit(task, { priority: (["high", "medium", "low"] as const)[Number(key) - 1] ?? "medium" });
      return true;
    case "d":
      return open("due");
    case "s":
      return open("subtask");
    case "l":
      return open("list");
    case "Delete":
    case "#":
      if (inList) onward(task.id, () => remove(task));
      else remove(task);
      return true;
    case "ArrowLeft":
    case "ArrowRight": {
      const row = rows.value.find((row) => row.task.id === task.id);
      if (!inList || !row || row.progress.total === 0 || row.folded === (key === "ArrowLeft")) return false;
      fold(task.id);
      return true;
    }
    default:
      return false;
  }
}

/** Moves a task by a key. */
function reorder(id: number, key: string): boolean {
  const way = ({ ArrowUp: "up", ArrowDown: "down", ArrowRight: "in", ArrowLeft: "out" } as const)[key];
  const task = tree.value.byId.get(id);
  if (!way || !task) return false;
  if (step(task, way)) focusRow(id);
  return true;
}

/** Goes back by one: out of a field, of the details, of a search, of the drawer. */
function back(target: EventTarget | null): boolean {
  if (writes(target) && target instanceof HTMLElement) {
    target.blur();
    const panel = target.closest<HTMLElement>(".detail");
    if (panel) panel.focus();
    else if (target.id === "quick") walk(0);
    return true;
  }
  if (drawer.value) drawer.value = false;
  else if (opened.value !== 0) {
    const id = opened.value;
    show(0);
    focusRow(rows.value.some(({ task }) => task.id === id) ? id : cursor.value);
  } else if (filter.value.query !== "") filter.value = everything;
  else return false;
  return true;
}

/** Listens to keys. */
export function listenToKeys(): void {
  addEventListener("keydown", (event) => {
    if (!event.defaultPrevented && press(event)) event.preventDefault();
  });
}
