// Small parts that others are made of.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icons.tsx";

/** A button that is only an icon. Its name is said to screen readers, and shown where the pointer rests. */
export function IconButton(props: {
  icon: IconName;
  name: string;
  onClick: (event: MouseEvent) => void;
  class?: string;
  expanded?: boolean;
  pressed?: boolean;
  tabIndex?: number;
  size?: number;
}): JSX.Element {
  const { icon, name, onClick, expanded, pressed, tabIndex, size } = props;
  return (
    <button
      type="button"
      class={`icon-button ${props.class ?? ""}`}
      aria-label={name}
      title={name}
      onClick={onClick}
      {...(expanded !== undefined && { "aria-expanded": expanded })}
      {...(pressed !== undefined && { "aria-pressed": pressed })}
      {...(tabIndex !== undefined && { tabIndex })}
    >
      <Icon name={icon} {...(size !== undefined && { size })} />
    </button>
  );
}

/** A round box that is ticked or not. */
export function Tick(props: {
  done: boolean;
  name: string;
  priority?: string;
  tabIndex?: number;
  onToggle: () => void;
}): JSX.Element {
  const { done, name, priority = "medium", tabIndex = 0, onToggle } = props;
  return (
    <button
      type="button"
      role="checkbox"
      aria-checked={done}
      aria-label={name}
      class={`tick tick-${priority}`}
      tabIndex={tabIndex}
      onClick={(event) => {
        event.stopPropagation();
        onToggle();
      }}
    >
      <Icon name="check" size={14} />
    </button>
  );
}

/** A dialog over everything else. It has the focus until it is closed, and gives it back. */
export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren; class?: string }): JSX.Element {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    box.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={box}
      class={`dialog ${props.class ?? ""}`}
      aria-label={props.title}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onClick={(event) => {
        if (event.target === box.current) props.onClose();
      }}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2>{props.title}</h2>
          <IconButton icon="close" name="Close" onClick={props.onClose} />
        </header>
        {props.children}
      </div>
    </dialog>
  );
}

/** One thing that can be chosen from a menu. */
export interface Choice {
  name: string;
  icon?: IconName;
  bad?: boolean;
  run: () => void;
}

/** A button that opens a menu. Arrows go through it, Escape closes it, and the focus comes back. */
export function Menu(props: { name: string; icon: IconName; choices: Choice[]; class?: string; children?: ComponentChildren }): JSX.Element {
  const [shown, setShown] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const close = (focus: boolean) => {
    setShown(false);
    if (focus) root.current?.querySelector("button")?.focus();
  };
  useEffect(() => {
    if (!shown) return;
    root.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const outside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) close(false);
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [shown]);
  const walk = (event: KeyboardEvent) => {
    if (!shown) return;
    const items = [...(root.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) items[(to + items.length) % items.length]?.focus();
    else if (event.key === "Escape") close(true);
    else if (event.key === "Tab") return close(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class={`menu ${props.class ?? ""}`} ref={root} onKeyDown={walk}>
      <button
        type="button"
        class={props.children ? "menu-button" : "icon-button"}
        aria-haspopup="menu"
        aria-expanded={shown}
        aria-label={props.name}
        title={props.name}
        onClick={() => setShown(!shown)}
      >
        {props.children ?? <Icon name={props.icon} />}
      </button>
      {shown && (
        <div class="menu-list" role="menu" aria-label={props.name}>
          {props.choices.map(({ name, icon, bad, run }) => (
            <button
              type="button"
              key={name}
              role="menuitem"
              class={bad ? "bad" : ""}
              tabIndex={-1}
              onClick={() => {
                close(true);
                run();
              }}
            >
              {icon && <Icon name={icon} size={18} />}
              {name}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** A text that is edited where it stands. It is kept when the person pauses or leaves it, Escape takes back what wasn't kept. */
export function Text(props: {
  value: string;
  name: string;
  class?: string;
  id?: string;
  placeholder?: string;
  max: number;
  /** Whether Enter begins a new line; else it ends the editing. */
  many?: boolean;
  required?: boolean;
  onKeep: (value: string) => void;
}): JSX.Element {
  const { value, many = false, required = false, onKeep } = props;
  const [draft, setDraft] = useState<string | null>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const unsaved = useRef<{ draft: string | null; value: string; keep: (value: string) => void }>({ draft, value, keep: onKeep });
  unsaved.current = { draft, value, keep: onKeep };
  const keep = () => {
    const { draft, value, keep } = unsaved.current;
    if (draft === null) return;
    const text = many ? draft : draft.replace(/\s+/g, " ");
    if (text.trim() !== value && (text.trim() !== "" || !required)) keep(text.trim());
  };
  useEffect(() => {
    if (draft === null) return;
    const timer = setTimeout(keep, 700);
    return () => clearTimeout(timer);
  }, [draft]);
  useEffect(() => {
    addEventListener("pagehide", keep);
    return () => {
      removeEventListener("pagehide", keep);
      keep();
    };
  }, []);
  useEffect(() => {
    if (!area.current || CSS.supports("field-sizing", "content")) return;
    area.current.style.height = "auto";
    area.current.style.height = `${area.current.scrollHeight}px`;
  });
  return (
    <textarea
      ref={area}
      rows={1}
      {...(props.id !== undefined && { id: props.id })}
      class={`text ${props.class ?? ""}`}
      aria-label={props.name}
      placeholder={props.placeholder ?? ""}
      maxLength={props.max}
      value={draft ?? value}
      onInput={(event) => setDraft(event.currentTarget.value)}
      onBlur={() => {
        keep();
        setDraft(null);
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape" && draft !== null) {
          unsaved.current.draft = null;
          setDraft(null);
          event.stopPropagation();
        } else if (event.key === "Enter" && !many) {
          event.preventDefault();
          event.currentTarget.blur();
        }
      }}
    />
  );
}

/** What is shown where there is nothing. */
export function Empty(props: { icon: IconName; title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <span class="empty-mark">
        <Icon name={props.icon} size={34} />
      </span>
      <p class="empty-title">{props.title}</p>
      {props.children && <p class="empty-text">{props.children}</p>}
    </div>
  );
}
