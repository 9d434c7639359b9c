"use client";

import { useRef, useState } from "react";
import { authClient } from "@/lib/auth-client";
import type { Task } from "@/lib/todod";
import { type Filter, useTasks } from "@/lib/use-tasks";
import { FilterBar } from "./filter-bar";
import { Sidebar } from "./sidebar";
import { TaskForm } from "./task-form";
import { TaskList } from "./task-list";

export function Tasks({ tododUrl, user }: { tododUrl: string; user: { id: string; name: string; email: string } }) {
  const [filter, setFilter] = useState<Filter>({ list_id: "none", sort: "position" }); // the inbox
  const { page, lists, labels, error, setError, last, setLast, reloadAll, actions } = useTasks(tododUrl, user.id, filter);
  const heading = useRef<HTMLHeadingElement>(null);
  const list = lists.find(({ id }) => String(id) === filter.list_id);

  function refine(changed: Filter) {
    setFilter((filter) => ({ ...filter, ...changed }));
  }

  /** Shows what went wrong, if something did. */
  async function run(result: Promise<string>) {
    const error = await result;
    if (error) setError(error);
  }

  async function remove(task: Task) {
    heading.current?.focus(); // the button that had the focus goes away
    await run(actions.deleteTask(task));
  }

  async function signOut() {
    const { error } = await authClient.signOut().catch((error: Error) => ({ error }));
    if (error) setError("You could not be signed out. Try again in a moment.");
    else window.location.assign("/sign-in");
  }

  return (
    <main className="app">
      <header>
        <h1>Tasks</h1>
        <p className="quiet" title={user.email}>
          {user.name}
        </p>
        <button onClick={signOut}>Sign out</button>
      </header>

      <Sidebar lists={lists} labels={labels} filter={filter} onChange={refine} actions={actions} run={run} />

      <div>
        {error && (
          <div role="alert" className="error">
            <p>{error}</p>
            <button onClick={reloadAll}>Try again</button>
          </div>
        )}

        <section className="card" aria-label="New task">
          <TaskForm
            lists={lists}
            labels={labels}
            save={(body) => actions.addTask({ ...body, list_id: list?.id ?? null })}
          />
        </section>

        <section>
          <h2 ref={heading} tabIndex={-1}>
            {list?.name ?? (filter.list_id ? "Inbox" : "All tasks")}
          </h2>
          <FilterBar filter={filter} onChange={refine} />
          <p role="status" className="quiet">
            {page ? counted(page.total, page.tasks.length) : error ? "" : "Loading…"}
          </p>
          {page && (
            <TaskList
              tasks={page.tasks}
              arranged={isArranged(page.of)}
              lists={lists}
              labels={labels}
              actions={actions}
              run={run}
              remove={remove}
            />
          )}
        </section>
      </div>

      <div role="status" className="notice">
        {last && (
          <p key={last.key}>
            <span>{last.done}</span>
            <button onClick={() => run(actions.undo(last.key))}>Undo</button>
            <button aria-label="Dismiss" onClick={() => setLast(undefined)}>
              ×
            </button>
          </p>
        )}
      </div>
    </main>
  );
}

/** Tells whether a filter shows all tasks of a list in their order, which then can be changed. */
function isArranged({ list_id, sort, q, completed, priority, label_ids }: Filter): boolean {
  return !!list_id && sort === "position" && !q && completed === undefined && !priority && !label_ids;
}

function counted(total: number, shown: number): string {
  if (total === 0) return "No tasks here.";
  if (shown < total) return `The first ${shown} of ${total} tasks`;
  return total === 1 ? "1 task" : `${total} tasks`;
}
