"use client";

import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { authClient } from "@/lib/auth-client";
import { answer, createTodod, SessionEnded, type NewTask, type Task, type TaskPatch } from "@/lib/todod";
import { type Filter, FilterBar } from "./filter-bar";
import { TaskForm } from "./task-form";
import { TaskRow } from "./task-row";

const pageSize = 50;

export function Tasks({ tododUrl, user }: { tododUrl: string; user: { id: string; name: string; email: string } }) {
  const todod = useMemo(() => createTodod(tododUrl, user.id), [tododUrl, user.id]);
  const [filter, setFilter] = useState<Filter>({ sort: "-created_at" });
  const [limit, setLimit] = useState(pageSize);
  const [list, setList] = useState<{ tasks: Task[]; total: number }>(); // undefined until the first answer
  const [error, setError] = useState("");
  const heading = useRef<HTMLHeadingElement>(null);
  const loading = useRef<AbortController>(undefined);

  /** Returns the words for an error; leaves the page if there is no session any more. */
  const explain = useCallback((error: unknown): string => {
    if (error instanceof SessionEnded) window.location.assign("/");
    return error instanceof Error ? error.message : String(error);
  }, []);

  /** Loads the list. A load that is overtaken by another is given up. */
  const load = useCallback(async () => {
    loading.current?.abort();
    const { signal } = (loading.current = new AbortController());
    try {
      const query = { ...filter, limit, count: true };
      const { data, response } = await answer(todod.GET("/api/v1/tasks", { params: { query }, signal }));
      if (signal.aborted) return;
      setList({ tasks: data, total: Number(response.headers.get("X-Total-Count")) });
      setError("");
    } catch (error) {
      if (!signal.aborted) setError(explain(error));
    }
  }, [todod, filter, limit, explain]);

  useEffect(() => {
    void load();
    return () => loading.current?.abort();
  }, [load]);

  /** Adds a task. Returns what went wrong, or nothing. */
  async function add(body: NewTask): Promise<string> {
    try {
      await answer(todod.POST("/api/v1/tasks", { body }));
    } catch (error) {
      return explain(error);
    }
    await load();
    return "";
  }

  /** Changes what the body names and keeps the rest. Returns what went wrong, or nothing. */
  async function change({ id }: Task, body: TaskPatch): Promise<string> {
    try {
      await answer(todod.PUT("/api/v1/tasks/{id}", { params: { path: { id } }, body }));
    } catch (error) {
      return explain(error);
    }
    await load();
    return "";
  }

  async function complete({ id }: Task, completed: boolean) {
    try {
      // PATCH …/toggle would flip it. This says what it shall be, and so may be sent twice.
      await answer(todod.PATCH("/api/v1/tasks/{id}", { params: { path: { id } }, body: { completed } }));
      await load();
    } catch (error) {
      setError(explain(error));
    }
  }

  async function remove({ id, title }: Task) {
    if (!window.confirm(`Delete “${title}”?`)) return;
    try {
      await answer(todod.DELETE("/api/v1/tasks/{id}", { params: { path: { id } } }));
      heading.current?.focus(); // the button that had the focus goes away
      await load();
    } catch (error) {
      setError(explain(error));
    }
  }

  async function signOut() {
    const { error } = await authClient.signOut().catch((error: Error) => ({ error }));
    if (error) setError("You could not be signed out. Try again in a moment.");
    else window.location.assign("/sign-in");
  }

  return (
    <main>
      <header>
        <h1>Tasks</h1>
        <p className="quiet" title={user.email}>
          {user.name}
        </p>
        <button onClick={signOut}>Sign out</button>
      </header>

      {error && (
        <div role="alert" className="error">
          <p>{error}</p>
          <button onClick={load}>Try again</button>
        </div>
      )}

      <section className="card" aria-label="New task">
        <TaskForm save={add} />
      </section>

      <section>
        <h2 ref={heading} tabIndex={-1}>
          Your tasks
        </h2>
        <FilterBar
          filter={filter}
          onChange={(changed) => {
            setFilter((filter) => ({ ...filter, ...changed }));
            setLimit(pageSize);
          }}
        />
        <p role="status" className="quiet">
          {list ? counted(list.total) : error ? "" : "Loading…"}
        </p>
        <ul className="tasks">
          {list?.tasks.map((task) => (
            <TaskRow key={task.id} task={task} change={change} complete={complete} remove={remove} />
          ))}
        </ul>
        {list && list.tasks.length < list.total && limit < 1000 && (
          <button onClick={() => setLimit((limit) => Math.min(limit + pageSize, 1000))}>Show more</button>
        )}
      </section>
    </main>
  );
}

function counted(total: number): string {
  if (total === 0) return "No tasks here.";
  return total === 1 ? "1 task" : `${total} tasks`;
}
