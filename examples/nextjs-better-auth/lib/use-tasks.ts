import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { paths } from "./todod-api";
import {
  answer,
  createTodod,
  type Label,
  type List,
  type ListMove,
  type NamePatch,
  type NewName,
  type NewTask,
  SessionEnded,
  type Task,
  type TaskMove,
  type TaskPatch,
} from "./todod";

/** Which tasks are shown, as todod's parameters. An absent one sets no limit. */
export type Filter = NonNullable<paths["/api/v1/tasks"]["get"]["parameters"]["query"]>;

/** What can be done. Each returns what went wrong, or nothing. */
export type Actions = ReturnType<typeof useTasks>["actions"];

const limit = 1000; // of one answer

/** Keeps the tasks that a filter names, all lists and all labels, and changes them. */
export function useTasks(tododUrl: string, userId: string, filter: Filter) {
  const todod = useMemo(() => createTodod(tododUrl, userId), [tododUrl, userId]);
  const [page, setPage] = useState<{ of: Filter; tasks: Task[]; total: number }>(); // undefined until the first answer
  const [lists, setLists] = useState<List[]>([]);
  const [labels, setLabels] = useState<Label[]>([]);
  const [error, setError] = useState("");
  const [last, setLast] = useState<{ done: string; key: string }>(); // the change that can be undone
  const loading = useRef<AbortController>(undefined);

  /** Returns the words for an error; leaves the page if there is no session any more. */
  const explain = useCallback((error: unknown): string => {
    if (error instanceof SessionEnded) window.location.assign("/");
    return error instanceof Error ? error.message : String(error);
  }, []);

  /** Loads the tasks. A load that is overtaken by another is given up. */
  const loadTasks = useCallback(async () => {
    loading.current?.abort();
    const { signal } = (loading.current = new AbortController());
    try {
      const query = { ...filter, limit, count: true };
      const { data, response } = await answer(todod.GET("/api/v1/tasks", { params: { query }, signal }));
      if (signal.aborted) return;
      setPage({ of: filter, tasks: data, total: Number(response.headers.get("X-Total-Count")) });
      setError("");
    } catch (error) {
      if (!signal.aborted) setError(explain(error));
    }
  }, [todod, filter, explain]);

  /** Loads the lists, those that are archived too, and the labels. */
  const loadNames = useCallback(async () => {
    try {
      const [lists, labels] = await Promise.all([
        answer(todod.GET("/api/v1/lists", { params: { query: { archived: "any" } } })),
        answer(todod.GET("/api/v1/labels")),
      ]);
      setLists(lists.data);
      setLabels(labels.data);
    } catch (error) {
      setError(explain(error));
    }
  }, [todod, explain]);

  // Loads by the filter of now: while a change is under way, another may be chosen.
  const latest = useRef(loadTasks);
  const reload = useCallback(() => latest.current(), []);
  const reloadAll = useCallback(async () => {
    await Promise.all([reload(), loadNames()]);
  }, [reload, loadNames]);

  useEffect(() => {
    latest.current = loadTasks;
    void loadTasks();
    return () => loading.current?.abort();
  }, [loadTasks]);

  useEffect(() => void loadNames(), [loadNames]);

  const actions = useMemo(() => {
    type Sent = Parameters<typeof answer>[0];

    /** Changes something under a key by which todod can take all of it back, and loads what may be different now. */
    async function change(done: string, load: () => Promise<void>, send: (header: { "Idempotency-Key": string }) => Sent) {
      const key = crypto.randomUUID();
      try {
        await answer(send({ "Idempotency-Key": key }));
      } catch (error) {
        return explain(error);
      }
      setLast({ done, key });
      await load();
      return "";
    }

    return {
      addTask: (body: NewTask) =>
        change(`Added “${body.title}”`, reload, (header) => todod.POST("/api/v1/tasks", { params: { header }, body })),

      /** Changes what the body names and keeps the rest. */
      changeTask: ({ id, title }: Task, body: TaskPatch) =>
        change(`Changed “${title}”`, reload, (header) => todod.PUT("/api/v1/tasks/{id}", { params: { header, path: { id } }, body })),

      /** Completes a task and all that is under it, or opens it and all that it is a part of. */
      completeTask: ({ id, title }: Task, completed: boolean) =>
        change(`${completed ? "Completed" : "Reopened"} “${title}”`, reload, (header) =>
          // PATCH …/toggle would flip it. This says what it shall be, and so may be sent twice.
          todod.PATCH("/api/v1/tasks/{id}", { params: { header, path: { id } }, body: { completed } }),
        ),

      /** Has a task stand after or before another, in whatever list and under whatever task. */
      moveTask: ({ id, title }: Task, body: TaskMove) =>
        change(`Moved “${title}”`, reload, (header) =>
          todod.POST("/api/v1/tasks/{id}/move", { params: { header, path: { id } }, body }),
        ),

      deleteTask: ({ id, title }: Task) =>
        change(`Deleted “${title}”`, reload, (header) => todod.DELETE("/api/v1/tasks/{id}", { params: { header, path: { id } } })),

      addList: (body: NewName) =>
        change(`Added the list “${body.name}”`, loadNames, (header) => todod.POST("/api/v1/lists", { params: { header }, body })),

      changeList: ({ id, name }: List, body: NamePatch & { archived?: boolean }) =>
        change(`Changed the list “${name}”`, loadNames, (header) =>
          todod.PATCH("/api/v1/lists/{id}", { params: { header, path: { id } }, body }),
        ),

      moveList: ({ id, name }: List, body: ListMove) =>
        change(`Moved the list “${name}”`, loadNames, (header) =>
          todod.POST("/api/v1/lists/{id}/move", { params: { header, path: { id } }, body }),
        ),

      /** Deletes a list and its tasks. */
      deleteList: ({ id, name }: List) =>
        change(`Deleted the list “${name}”`, reloadAll, (header) => todod.DELETE("/api/v1/lists/{id}", { params: { header, path: { id } } })),

      addLabel: (body: NewName) =>
        change(`Added the label “${body.name}”`, loadNames, (header) => todod.POST("/api/v1/labels", { params: { header }, body })),

      changeLabel: ({ id, name }: Label, body: NamePatch) =>
        change(`Changed the label “${name}”`, loadNames, (header) =>
          todod.PATCH("/api/v1/labels/{id}", { params: { header, path: { id } }, body }),
        ),

      /** Deletes a label. Tasks keep its id, so that undo brings it back to them. */
      deleteLabel: ({ id, name }: Label) =>
        change(`Deleted the label “${name}”`, reloadAll, (header) =>
          todod.DELETE("/api/v1/labels/{id}", { params: { header, path: { id } } }),
        ),

      /** Takes back all that a change did. */
      async undo(key: string) {
        setLast(undefined);
        try {
          await answer(todod.POST("/api/v1/undo", { body: { key } }));
        } catch (error) {
          return explain(error);
        }
        await reloadAll();
        return "";
      },
    };
  }, [todod, explain, reload, loadNames, reloadAll]);

  return { page, lists, labels, error, setError, last, setLast, reloadAll, actions };
}
