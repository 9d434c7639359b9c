import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Label, List } from "todod-client";
import { act, short } from "../model/actions.ts";
import { all, keyOf } from "../model/replica.ts";
import { go, pathFor, view } from "../model/route.ts";
import { counts, drawer, filter, person } from "../model/state.ts";
import { everything, type View } from "../model/views.ts";
import { type Choice, IconButton, Menu } from "./bits.tsx";
import { drag } from "./drag.ts";
import { Icon, type IconName } from "./icons.tsx";
import { Dot } from "./row.tsx";
import { leave } from "./leave.ts";

/** The colours that lists and labels can have. */
const colors = ["#d9483b", "#d97706", "#a38a00", "#2e9e5b", "#0e9aa7", "#3b74d9", "#8257d6", "#c94f93"];
const colorNames = ["Red", "Orange", "Yellow", "Green", "Turquoise", "Blue", "Violet", "Pink"];

const places: [Exclude<View["kind"], "list" | "label">, string, IconName][] = [
  ["inbox", "Inbox", "inbox"],
  ["today", "Today", "today"],
  ["upcoming", "Upcoming", "upcoming"],
  ["all", "All tasks", "all"],
  ["completed", "Completed", "completed"],
];

/** A link to a view. */
function Place(props: { to: View; name: string; icon?: IconName; color?: string | null; count?: number; late?: number; onto?: number }): JSX.Element {
  const { to, name, icon, color = null, count = 0, late = 0, onto } = props;
  const here = pathFor(to) === pathFor(view.value) && filter.value.query === "";
  const over = onto !== undefined && drag.value?.onto === (onto || null) && drag.value?.onto !== undefined;
  return (
    <a
      class={`place ${over ? "over" : ""}`}
      href={pathFor(to)}
      {...(here && { "aria-current": "page" as const })}
      {...(onto !== undefined && { "data-onto": onto })}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        filter.value = everything;
        drawer.value = false;
        go(to);
      }}
    >
      {icon ? <Icon name={icon} /> : <Dot color={color} />}
      <span class="place-name">{name}</span>
      {count > 0 && (
        <span class={`count ${late > 0 ? "late" : ""}`}>
          {count}
          <span class="sr"> open{late > 0 ? `, ${late} overdue` : ""}</span>
        </span>
      )}
    </a>
  );
}

/** A line on which a list or a label gets its name. Enter keeps it, Escape doesn't. */
function NameLine(props: { name: string; value: string; max: number; onKeep: (name: string) => void; onEnd: () => void }): JSX.Element {
  const [draft, setDraft] = useState(props.value);
  const ended = useRef(false); // a field that goes away loses the focus once more
  const end = () => {
    ended.current = true;
    props.onEnd();
  };
  const keep = () => {
    if (ended.current) return;
    const name = draft.trim();
    if (name !== "" && name !== props.value) props.onKeep(name);
    end();
  };
  return (
    <input
      class="name-line"
      aria-label={props.name}
      placeholder={props.name}
      value={draft}
      maxLength={props.max}
      ref={(input) => {
        if (input && document.activeElement !== input && input.dataset["met"] !== "1") {
          input.dataset["met"] = "1";
          input.focus();
          input.select();
        }
      }}
      onInput={(event) => setDraft(event.currentTarget.value)}
      onBlur={keep}
      onKeyDown={(event) => {
        if (event.key === "Enter") keep();
        if (event.key === "Escape") end();
        if (event.key === "Enter" || event.key === "Escape") event.stopPropagation();
      }}
    />
  );
}

/** The colours from which one is chosen. */
function Colors(props: { value: string | null; onChoose: (color: string | null) => void; onEnd: () => void }): JSX.Element {
  return (
    <div
      class="colors"
      role="group"
      aria-label="Colour"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        props.onEnd();
      }}
    >
      {[null, ...colors].map((color, at) => (
        <button
          type="button"
          key={color}
          class="color"
          aria-label={at === 0 ? "No colour" : (colorNames[at - 1] ?? "")}
          aria-pressed={color === props.value}
          ref={(button) => void button?.style.setProperty("--own", color ?? "var(--faint)")}
          onClick={() => {
            props.onChoose(color);
            props.onEnd();
          }}
        />
      ))}
    </div>
  );
}

/** What is being done to a list or a label in the sidebar. */
type Doing = "" | "rename" | "color";

/** One list, with its menu. */
function ListPlace({ list }: { list: List }): JSX.Element {
  const [doing, setDoing] = useState<Doing>("");
  const change = (text: string, fields: { name?: string; color?: string | null; archived?: boolean }) =>
    void act(text, (copy) => copy.edit("list", list.id, fields));
  const beside = all.value.lists.filter(({ archived }) => archived === list.archived);
  const at = beside.findIndex(({ id }) => id === list.id);
  const [above, below] = [beside[at - 1], beside[at + 1]];
  const choices: Choice[] = [
    { name: "Rename", run: () => setDoing("rename") },
    { name: "Colour", run: () => setDoing("color") },
    {
      name: list.archived ? "Take out of the archive" : "Archive",
      icon: "archive",
      run: () => change(`${list.archived ? "Took out of the archive" : "Archived"} ${short(list.name)}`, { archived: !list.archived }),
    },
    {
      name: "Delete",
      icon: "trash",
      bad: true,
      run: () => {
        if (view.value.kind === "list" && view.value.id === list.id) go({ kind: "inbox" });
        void act(`Deleted ${short(list.name)} and its tasks`, (copy) => copy.delete("list", list.id));
      },
    },
  ];
  if (below) choices.unshift({ name: "Move down", run: () => void act("Moved a list", (copy) => copy.move("list", list.id, { after: below.id }), { quiet: true }) });
  if (above) choices.unshift({ name: "Move up", run: () => void act("Moved a list", (copy) => copy.move("list", list.id, { before: above.id }), { quiet: true }) });
  if (doing === "rename") {
    return <NameLine name="Name of the list" value={list.name} max={100} onKeep={(name) => change(`Renamed to ${short(name)}`, { name })} onEnd={() => setDoing("")} />;
  }
  return (
    <>
      <Place to={{ kind: "list", id: list.id }} name={list.name} color={list.color} count={counts.value.lists.get(list.id) ?? 0} onto={list.id} />
      <Menu name={`More for ${list.name}`} icon="more" choices={choices} class="place-menu" />
      {doing === "color" && <Colors value={list.color} onChoose={(color) => change("Changed a colour", { color })} onEnd={() => setDoing("")} />}
    </>
  );
}

/** One label, with its menu. */
function LabelPlace({ label }: { label: Label }): JSX.Element {
  const [doing, setDoing] = useState<Doing>("");
  const change = (text: string, fields: { name?: string; color?: string | null }) => void act(text, (copy) => copy.edit("label", label.id, fields));
  const choices: Choice[] = [
    { name: "Rename", run: () => setDoing("rename") },
    { name: "Colour", run: () => setDoing("color") },
    {
      name: "Delete",
      icon: "trash",
      bad: true,
      run: () => {
        if (view.value.kind === "label" && view.value.id === label.id) go({ kind: "inbox" });
        void act(`Deleted the label ${short(label.name)}`, (copy) => copy.delete("label", label.id));
      },
    },
  ];
  if (doing === "rename") {
    return <NameLine name="Name of the label" value={label.name} max={60} onKeep={(name) => change(`Renamed to ${short(name)}`, { name })} onEnd={() => setDoing("")} />;
  }
  return (
    <>
      <Place to={{ kind: "label", id: label.id }} name={label.name} color={label.color} count={counts.value.labels.get(label.id) ?? 0} />
      <Menu name={`More for ${label.name}`} icon="more" choices={choices} class="place-menu" />
      {doing === "color" && <Colors value={label.color} onChoose={(color) => change("Changed a colour", { color })} onEnd={() => setDoing("")} />}
    </>
  );
}

/** A group of places with a heading, and a button that adds one. */
function Group(props: { title: string; one: string; max: number; onAdd: (name: string) => void; children: JSX.Element[]; hint: string }): JSX.Element {
  const [adding, setAdding] = useState(false);
  return (
    <section class="group" aria-label={props.title}>
      <header class="group-head">
        <h2>{props.title}</h2>
        <IconButton icon="plus" name={`New ${props.one}`} size={18} onClick={() => setAdding(true)} />
      </header>
      <ul>
        {props.children}
        {adding && (
          <li>
            <NameLine name={`Name of the ${props.one}`} value="" max={props.max} onKeep={props.onAdd} onEnd={() => setAdding(false)} />
          </li>
        )}
      </ul>
      {props.children.length === 0 && !adding && <p class="group-hint">{props.hint}</p>}
    </section>
  );
}

/** Makes a list, and goes there. */
async function addList(name: string): Promise<void> {
  const color = colors[all.value.lists.length % colors.length] ?? null;
  const id = await act(`Added the list ${short(name)}`, (copy) => copy.create("list", { name, color }), { quiet: true });
  if (id !== undefined) go({ kind: "list", id });
}

/** The sidebar: all places there are. */
export function Sidebar(): JSX.Element {
  const [archive, setArchive] = useState(false);
  const { inbox, today, late } = counts.value;
  const numbers: Record<string, number> = { inbox, today };
  const kept = all.value.lists.filter(({ archived }) => !archived);
  const archived = all.value.lists.filter(({ archived }) => archived);
  return (
    <nav class="side" id="side" aria-label="Places">
      <div class="side-head">
        <span class="brand">
          <span class="brand-mark">
            <Icon name="check" size={18} />
          </span>
          todod
        </span>
        <IconButton
          icon="close"
          name="Close the sidebar"
          class="side-close"
          onClick={() => {
            drawer.value = false;
          }}
        />
      </div>
      <ul class="places">
        {places.map(([kind, name, icon]) => (
          <li key={kind}>
            <Place to={{ kind }} name={name} icon={icon} count={numbers[kind] ?? 0} late={kind === "today" ? late : 0} {...(kind === "inbox" && { onto: 0 })} />
          </li>
        ))}
      </ul>
      <Group title="Lists" one="list" max={100} onAdd={(name) => void addList(name)} hint="Lists keep what belongs together.">
        {kept.map((list) => (
          <li key={keyOf(list.id)} class="own">
            <ListPlace list={list} />
          </li>
        ))}
      </Group>
      {archived.length > 0 && (
        <section class="group" aria-label="Archive">
          <button type="button" class="archive-switch" aria-expanded={archive} onClick={() => setArchive(!archive)}>
            <Icon name="chevron" size={14} />
            Archived lists
          </button>
          {archive && (
            <ul>
              {archived.map((list) => (
                <li key={keyOf(list.id)} class="own">
                  <ListPlace list={list} />
                </li>
              ))}
            </ul>
          )}
        </section>
      )}
      <Group
        title="Labels"
        one="label"
        max={60}
        onAdd={(name) => void act(`Added the label ${short(name)}`, (copy) => copy.create("label", { name, color: colors[(all.value.labels.length + 3) % colors.length] ?? null }), { quiet: true })}
        hint="Labels go across lists."
      >
        {all.value.labels.map((label) => (
          <li key={keyOf(label.id)} class="own">
            <LabelPlace label={label} />
          </li>
        ))}
      </Group>
      <ul class="places side-foot">
        <li>
          <Place to={{ kind: "trash" }} name="Trash" icon="trash" />
        </li>
      </ul>
      <div class="who">
        <span class="avatar" aria-hidden="true">
          {(person.value?.name ?? "?").slice(0, 1).toUpperCase()}
        </span>
        <span class="who-name">
          <span class="who-first">{person.value?.name}</span>
          <span class="who-mail">{person.value?.email}</span>
        </span>
        <IconButton icon="leave" name="Sign out" onClick={() => void leave()} />
      </div>
    </nav>
  );
}
