import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { SignIn } from "../account/signin.tsx";
import { lapsed, pending } from "../model/replica.ts";
import { opened, view } from "../model/route.ts";
import { dialog, drawer, filter, person, replica } from "../model/state.ts";
import { Dialog } from "./bits.tsx";
import { Detail } from "./detail.tsx";
import { drag } from "./drag.ts";
import { Issues } from "./issues.tsx";
import { Keys } from "./keys.tsx";
import { enter, leave } from "./leave.ts";
import { Sidebar } from "./sidebar.tsx";
import { Toast } from "./status.tsx";
import { QuickAdd, TaskList } from "./tasklist.tsx";
import { titleOf, Toolbar } from "./toolbar.tsx";
import { Trash } from "./trash.tsx";

/** The app: the page to sign in on, or all the rest. */
export function Shell(): JSX.Element {
  const title = replica.value ? titleOf() : "";
  useEffect(() => {
    document.title = title ? `${title} · todod` : "todod";
  }, [title]);
  if (!replica.value) return <SignIn known={null} onSigned={(person) => void enter(person)} />;
  if (lapsed.value) {
    return (
      <>
        <SignIn known={person.value} onSigned={(person) => void enter(person)} onOther={() => void leave()} />
        {dialog.value === "leave" && <Leave />}
      </>
    );
  }
  return <Rooms />;
}

/** The sidebar, the view, and the details of a task. */
function Rooms(): JSX.Element {
  const trash = view.value.kind === "trash";
  return (
    <div class={`rooms ${opened.value !== 0 ? "with-detail" : ""} ${drawer.value ? "with-drawer" : ""}`}>
      <a class="skip" href="#main">
        Skip to the tasks
      </a>
      <Sidebar />
      <div
        class="veil"
        onClick={() => {
          drawer.value = false;
        }}
      />
      <main class="main" id="main" tabIndex={-1}>
        <Toolbar />
        <div class="scroll" tabIndex={-1}>
          <div class="page">
            {!trash && view.value.kind !== "completed" && filter.value.query.trim() === "" && <QuickAdd />}
            {trash ? <Trash /> : <TaskList />}
          </div>
        </div>
      </main>
      <Detail />
      <DropLine />
      <Toast />
      {dialog.value === "keys" && <Keys />}
      {dialog.value === "issues" && <Issues />}
      {dialog.value === "leave" && <Leave />}
    </div>
  );
}

/** Shows where what is dragged would go. */
function DropLine(): JSX.Element | null {
  const at = drag.value;
  if (!at) return null;
  return (
    <div
      class="drop-line"
      ref={(line) => {
        if (!line) return;
        line.style.top = `${at.top}px`;
        line.style.left = `${at.left}px`;
        line.style.width = `${at.width}px`;
      }}
    />
  );
}

/** Asks whether to sign out where that loses changes. */
function Leave(): JSX.Element {
  const close = () => {
    dialog.value = "";
  };
  return (
    <Dialog title="Sign out?" onClose={close}>
      <p>
        {pending.value === 1 ? "One change hasn’t" : `${pending.value} changes haven’t`} reached the server yet. If you sign out now,{" "}
        {pending.value === 1 ? "it is" : "they are"} lost.
      </p>
      <div class="issue-buttons">
        <button type="button" class="primary" onClick={close}>
          Stay
        </button>
        <button type="button" class="plain bad" onClick={() => void leave(true)}>
          Sign out and lose them
        </button>
      </div>
    </Dialog>
  );
}
