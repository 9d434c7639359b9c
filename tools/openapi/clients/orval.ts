// Uses todod through the functions that orval made: creates, lists, toggles, sends a batch and syncs.

import { createTask, deleteTask, listTasks, register, runBatch, sync, toggleTask } from "../generated/orval";
import { check, email, registration } from "./check";
import { signIn } from "./orval-fetch";

const session = await register(registration);
check(session.status === 201 && session.data.token !== null && session.data.user.email === email, "register", session);
signIn(session.data.token);

const created = await createTask(
  { title: "Buy milk", due_date: "2026-12-25", priority: "high" },
  { "Idempotency-Key": "orval" },
);
check(created.status === 201, "createTask", created);
const task = created.data;
check(task.title === "Buy milk" && task.due_all_day && task.due_date !== null && task.priority === "high", "createTask", task);

const again = await createTask(
  { title: "Buy milk", due_date: "2026-12-25", priority: "high" },
  { "Idempotency-Key": "orval" },
);
check(again.status === 201 && again.data.id === task.id, "createTask again", again);

const listed = await listTasks();
check(listed.status === 200 && listed.data.length === 1 && listed.data[0].id === task.id, "listTasks", listed);

const toggled = await toggleTask(task.id);
check(toggled.status === 200 && toggled.data.completed && toggled.data.completed_at !== null, "toggleTask", toggled);

const missing = await toggleTask(task.id + 1_000_000);
check(missing.status === 404 && missing.data.error_code === "RESOURCE_NOT_FOUND", "toggleTask of nobody", missing);

const done = await runBatch({
  atomic: true,
  operations: [
    { op: "create", ref: "bread", task: { title: "Buy bread" } },
    { op: "complete", ref: "bread" },
  ],
});
check(done.status === 200 && done.data.results[1].task?.completed === true, "runBatch", done);

const start = await sync();
check(start.status === 200 && start.data.changes.length === 2, "sync", start);
const first = start.data.changes[0];
check(first.op === "created" && first.task?.title === "Buy milk", "sync", first);

const gone = await deleteTask(task.id);
check(gone.status === 204, "deleteTask", gone);
const next = await sync({ since: start.data.next });
check(next.status === 200 && next.data.changes.length === 1, "sync since", next);
const last = next.data.changes[0];
check(last.op === "deleted" && last.task?.id === task.id && last.task.deleted_at !== null, "sync since", last);
