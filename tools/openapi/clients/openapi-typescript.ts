// Uses todod through openapi-fetch and the types that openapi-typescript made: creates, lists, toggles, sends a batch and
// syncs.

import createClient from "openapi-fetch";
import type { paths } from "../generated/openapi-typescript";
import { check, email, registration, url } from "./check";

const client = createClient<paths>({ baseUrl: url });

const session = await client.POST("/api/auth/register", { body: registration });
check(session.data?.user.email === email && session.data.token !== null, "register", session.error);
const { token } = session.data;
client.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${token}`);
    return request;
  },
});

const created = await client.POST("/api/v1/tasks", {
  params: { header: { "Idempotency-Key": "openapi-typescript" } },
  body: { title: "Buy milk", due_date: "2026-12-25", priority: "high" },
});
check(created.data !== undefined, "createTask", created.error);
const task = created.data;
check(task.title === "Buy milk" && task.due_all_day && task.due_date !== null && task.priority === "high", "createTask", task);

const listed = await client.GET("/api/v1/tasks", { params: { query: { priority: "high" } } });
check(listed.data?.length === 1 && listed.data[0].id === task.id, "listTasks", listed.error ?? listed.data);

const toggled = await client.PATCH("/api/v1/tasks/{id}/toggle", { params: { path: { id: task.id } } });
check(toggled.data?.completed === true && toggled.data.completed_at !== null, "toggleTask", toggled.error ?? toggled.data);

const missing = await client.PATCH("/api/v1/tasks/{id}/toggle", { params: { path: { id: task.id + 1_000_000 } } });
check(missing.error?.error_code === "RESOURCE_NOT_FOUND", "toggleTask of nobody", missing);

const done = await client.POST("/api/v1/tasks/batch", {
  body: {
    atomic: true,
    operations: [
      { op: "create", ref: "bread", task: { title: "Buy bread" } },
      { op: "complete", ref: "bread" },
    ],
  },
});
check(done.data?.results[1].task?.completed === true, "runBatch", done.error ?? done.data);

const start = await client.GET("/api/v1/sync");
check(start.data?.changes.length === 2, "sync", start.error ?? start.data);
const first = start.data.changes[0];
check(first.op === "created" && first.task?.title === "Buy milk", "sync", first);

const gone = await client.DELETE("/api/v1/tasks/{id}", { params: { path: { id: task.id } } });
check(gone.response.status === 204, "deleteTask", gone.error);
const next = await client.GET("/api/v1/sync", { params: { query: { since: start.data.next } } });
check(next.data?.changes.length === 1, "sync since", next.error ?? next.data);
const last = next.data.changes[0];
check(last.op === "deleted" && last.task?.id === task.id && last.task.deleted_at !== null, "sync since", last);
