// Uses todod through the client that @hey-api/openapi-ts made: creates, lists, toggles, sends a batch and syncs.

import { createTask, deleteTask, listTasks, register, runBatch, sync, toggleTask } from "../generated/hey-api";
import { client } from "../generated/hey-api/client.gen";
import { check, email, registration, url } from "./check";

client.setConfig({ baseUrl: url });

const session = await register({ body: registration });
check(session.data?.user.email === email && session.data.token !== null, "register", session.error);
client.setConfig({ auth: session.data.token });

const milk = { title: "Buy milk", due_date: "2026-12-25", priority: "high" } as const;
const created = await createTask({ body: milk, headers: { "Idempotency-Key": "hey-api" } });
check(created.data !== undefined, "createTask", created.error);
const task = created.data;
check(task.title === "Buy milk" && task.due_all_day && task.due_date !== null && task.priority === "high", "createTask", task);

const listed = await listTasks({ query: { priority: "high" } });
check(listed.data?.length === 1 && listed.data[0].id === task.id, "listTasks", listed.error ?? listed.data);

const toggled = await toggleTask({ path: { id: task.id } });
check(toggled.data?.completed === true && toggled.data.completed_at !== null, "toggleTask", toggled.error ?? toggled.data);

const missing = await toggleTask({ path: { id: task.id + 1_000_000 } });
check(missing.error?.error_code === "RESOURCE_NOT_FOUND", "toggleTask of nobody", missing);

const done = await runBatch({
  body: {
    atomic: true,
    operations: [
      { op: "create", ref: "bread", task: { title: "Buy bread" } },
      { op: "complete", ref: "bread" },
    ],
  },
});
check(done.data?.results[1].task?.completed === true, "runBatch", done.error ?? done.data);

const start = await sync();
check(start.data?.changes.length === 2, "sync", start.error ?? start.data);
const first = start.data.changes[0];
check(first.op === "created" && first.task?.title === "Buy milk", "sync", first);

const gone = await deleteTask({ path: { id: task.id } });
check(gone.response?.status === 204, "deleteTask", gone.error);
const next = await sync({ query: { since: start.data.next } });
check(next.data?.changes.length === 1, "sync since", next.error ?? next.data);
const last = next.data.changes[0];
check(last.op === "deleted" && last.task?.id === task.id && last.task.deleted_at !== null, "sync since", last);
