import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { message, undo } from "../model/actions.ts";
import { issues, lapsed, online, pending, synced } from "../model/replica.ts";
import { dialog } from "../model/state.ts";
import { IconButton } from "./bits.tsx";
import { Icon } from "./icons.tsx";

/** Returns how many changes there are, in words. */
const changes = (count: number) => `${count} ${count === 1 ? "change" : "changes"}`;

/** Whether all is sent, or what waits, and whether something needs the person. */
export function Status(): JSX.Element {
  const waiting = pending.value - issues.value.length;
  const [state, text] = lapsed.value
    ? ["bad", "Signed out"]
    : !online.value
      ? ["off", waiting > 0 ? `Offline · ${changes(waiting)} waiting` : "Offline"]
      : waiting > 0
        ? ["busy", "Syncing…"]
        : ["on", synced.value ? "Up to date" : "Connecting…"];
  return (
    <div class="status">
      {issues.value.length > 0 && (
        <button
          type="button"
          class="status-issues"
          onClick={() => {
            dialog.value = "issues";
          }}
        >
          <Icon name="warn" size={16} />
          {issues.value.length === 1 ? "1 change needs you" : `${issues.value.length} changes need you`}
        </button>
      )}
      <span class={`status-state status-${state}`} role="status">
        <span class="status-dot" aria-hidden="true" />
        <span class="status-text">{text}</span>
      </span>
    </div>
  );
}

/** How long a message stays, in milliseconds. */
const [stay, stayBad] = [6000, 9000];

/** The message at the foot of the screen. */
export function Toast(): JSX.Element {
  const told = message.value;
  useEffect(() => {
    if (!told) return;
    const timer = setTimeout(() => {
      if (message.value === told) message.value = null;
    }, told.bad ? stayBad : stay);
    return () => clearTimeout(timer);
  }, [told]);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {told && (
        <div class={`toast ${told.bad ? "toast-bad" : ""}`} key={told.id}>
          <span>{told.text}</span>
          {told.undoable && (
            <button type="button" class="toast-undo" onClick={() => void undo()}>
              Undo
            </button>
          )}
          <IconButton
            icon="close"
            name="Dismiss"
            size={16}
            onClick={() => {
              message.value = null;
            }}
          />
        </div>
      )}
    </div>
  );
}
