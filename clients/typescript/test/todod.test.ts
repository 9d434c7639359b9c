import assert from "node:assert/strict";
import { test } from "node:test";
import { must, Todod, TododError, type SessionTokens } from "../src/index.ts";
import { nextCursor } from "../src/paging.ts";
import { natureOf } from "../src/send.ts";
import { fake, json, type Reply, stream } from "./fake.ts";

const quick = { baseUrl: "http://todod/", backoff: { first: 1, max: 2 }, patience: 20, reconnect: 1, timeout: 10_000 };
const problem = (status: number, error_code: string) => ({ detail: `it is a ${status}`, error_code, status });

/** Returns a client that is answered with these replies, and what it sends. */
function clientOf(...replies: Reply[]) {
  const { fetch, seen } = fake(...replies);
  let tokens = 0;
  return { todod: new Todod({ ...quick, fetch, token: async () => `token${++tokens}` }), seen };
}

/** Returns all that comes. */
async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const got: T[] = [];
  for await (const item of items) got.push(item);
  return got;
}

const create = (todod: Todod) => must(todod.api.POST("/api/v1/tasks", { body: { title: "x" } }));

test("a write is sent again with its key, until there is an answer", async () => {
  const cut = async () => new Response(new ReadableStream({ start: (c) => c.error(new TypeError("terminated")) }));
  const { todod, seen } = clientOf(json(503, {}), new TypeError("refused"), cut, json(201, { id: 7 }));
  assert.equal((await create(todod)).id, 7);
  const keys = seen.map(({ headers }) => headers.get("Idempotency-Key"));
  assert.match(keys[0] ?? "", /^[0-9a-f]{32}$/);
  assert.deepEqual(keys, Array(4).fill(keys[0]));
  assert.deepEqual(seen.map(({ body }) => body), Array(4).fill('{"title":"x"}'));
  const other = clientOf(json(201, { id: 8 }));
  await create(other.todod);
  assert.notEqual(other.seen[0]?.headers.get("Idempotency-Key"), keys[0]);
});

test("it gives up after five tries, and not before", async () => {
  const { todod, seen } = clientOf(...Array(9).fill(0).map(() => json(503, problem(503, "SERVICE_UNAVAILABLE"))));
  await assert.rejects(create(todod), { name: "TododError", status: 503, code: "SERVICE_UNAVAILABLE", message: "it is a 503" });
  assert.equal(seen.length, 5);
  const away = clientOf(...Array(9).fill(new TypeError("refused")));
  await assert.rejects(create(away.todod), { status: 0, code: "UNREACHABLE", temporary: true });
  assert.equal(away.seen.length, 5);
});

test("Retry-After is waited for, unless it is too long", async () => {
  const { todod, seen } = clientOf(json(429, {}, { "Retry-After": "0" }), json(201, {}));
  await create(todod);
  assert.equal(seen.length, 2);
  const long = clientOf(json(429, problem(429, "RATE_LIMIT_EXCEEDED"), { "Retry-After": "3600" }));
  await assert.rejects(create(long.todod), { code: "RATE_LIMIT_EXCEEDED" });
});

test("a try that takes too long is given up, and the signal ends all of them", async () => {
  const silent = (request: Request) =>
    new Promise<Response>((_, reject) => {
      if (request.signal.aborted) reject(request.signal.reason);
      request.signal.addEventListener("abort", () => reject(request.signal.reason));
    });
  const { fetch, seen } = fake(silent, json(200, []));
  const todod = new Todod({ ...quick, fetch, token: async () => "t", timeout: 50 });
  assert.deepEqual(await all(todod.tasks()), []);
  assert.equal(seen.length, 2);
  const stop = new AbortController();
  const stopped = clientOf(silent);
  const asked = stopped.todod.api.GET("/api/v1/tasks", { signal: stop.signal });
  stop.abort(new Error("enough"));
  await assert.rejects(asked, /enough/);
});

test("a refused token is renewed once, for all who wait for it", async () => {
  let renewals = 0;
  const todod = new Todod({
    ...quick,
    token: async (refused) => {
      assert.equal(refused, renewals === 0 ? undefined : `token${renewals}`);
      return `token${++renewals}`;
    },
    fetch: async (request) =>
      request.headers.get("Authorization") === "Bearer token1" ? json(401, {}) : json(201, { id: 1 }),
  });
  await Promise.all([create(todod), create(todod), create(todod)]);
  assert.equal(renewals, 2);
  const refused = clientOf(json(401, problem(401, "INVALID_CREDENTIALS")), json(401, problem(401, "INVALID_CREDENTIALS")));
  await assert.rejects(create(refused.todod), { status: 401 });
  assert.equal(refused.seen.length, 2);
});

test("a session is kept, refreshed and ended", async () => {
  const kept: (SessionTokens | null)[] = [];
  const user = { id: "u", email: "a@example.com", name: "A" };
  const { fetch, seen } = fake(
    json(200, { user, token: "a", refreshToken: "r" }),
    json(401, {}),
    json(200, { token: "b", refreshToken: "s" }),
    json(201, { id: 1 }),
    json(401, {}),
    json(401, problem(401, "INVALID_CREDENTIALS")),
  );
  const todod = new Todod({ ...quick, fetch, onSession: (tokens) => kept.push(tokens) });
  await assert.rejects(create(todod), { message: "not signed in", status: 401 });
  assert.deepEqual(await todod.signIn({ email: "a@example.com", password: "correct horse" }), user);
  await create(todod);
  await assert.rejects(create(todod), { status: 401 });
  assert.deepEqual(kept, [{ token: "a", refreshToken: "r" }, { token: "b", refreshToken: "s" }, null]);
  assert.deepEqual(seen.map(({ path }) => path.replace(/.*\//, "")), ["login", "tasks", "refresh", "tasks", "tasks", "refresh"]);
  assert.equal(seen[0]?.headers.get("Authorization"), null);
  await assert.rejects(create(todod), { status: 401 });
  assert.equal(seen.length, 6);
});

test("pages follow their links", async () => {
  const link = { Link: '</api/v1/tasks?cursor=abc%3D&limit=2>; rel="next"' };
  const { todod, seen } = clientOf(json(200, [{ id: 3 }, { id: 2 }], link), json(200, [{ id: 1 }]));
  const ids = [];
  for await (const task of todod.tasks({ limit: 2 })) ids.push(task.id);
  assert.deepEqual(ids, [3, 2, 1]);
  assert.equal(seen[1]?.path, "/api/v1/tasks?limit=2&cursor=abc%3D");
  assert.equal(nextCursor('</x?cursor=1>; rel="prev"'), undefined);
});

test("what isn't todod's is no problem of todod's", async () => {
  const { todod } = clientOf(new Response("<html>", { status: 404 }));
  await assert.rejects(create(todod), (error: TododError) => error.code === "NOT_TODOD" && error.status === 404);
});

test("the nature of requests", () => {
  const nature = (method: string, path: string) => {
    const { secured, keyed, repeatable } = natureOf(method, path);
    return [secured && "secured", keyed && "keyed", repeatable && "repeatable"].filter(Boolean).join(" ");
  };
  assert.equal(nature("GET", "/api/v1/tasks"), "secured repeatable");
  assert.equal(nature("DELETE", "/api/v1/tasks/1"), "secured keyed repeatable");
  assert.equal(nature("PATCH", "/prefix/api/todos/1/complete"), "secured keyed repeatable");
  assert.equal(nature("PATCH", "/api/v1/me"), "secured repeatable");
  assert.equal(nature("DELETE", "/api/v1/me"), "secured");
  assert.equal(nature("POST", "/api/v1/events/ticket"), "secured repeatable");
  assert.equal(nature("POST", "/api/auth/login"), "");
  assert.equal(nature("POST", "/api/auth/refresh"), "repeatable");
  assert.equal(nature("POST", "/api/auth/change-password"), "secured");
  assert.equal(nature("GET", "/health/readiness"), "repeatable");
});

test("the stream goes on from the last event, says what is missing, and renews its token", async () => {
  const change = (rev: number) => `event: created\ndata: {"rev":${rev},"op":"created","task":{"id":${rev}}}\nid: ${rev}\n\n`;
  const { todod, seen } = clientOf(
    stream(`event: hello\ndata: {"rev":3}\nid: 3\n\n${change(4)}: beat\n\nevent: created\ndata: {"rev`),
    new TypeError("refused"),
    json(503, {}),
    json(401, {}),
    stream(`event: hello\ndata: {"rev":6}\n\n${change(7)}event: expired\ndata: {"reason":"token"}\n\n`),
    stream(`event: reset\ndata: {"rev":9}\nid: 9\n\n${change(10)}`, true),
  );
  const got = [];
  for await (const { event, ...rest } of todod.events({ since: 3, kinds: ["task", "list"] })) {
    got.push([event, "rev" in rest ? rest.rev : [rest.previous, rest.change.rev]]);
    if (got.length === 6) break;
  }
  const want = [["hello", 3], ["change", [3, 4]], ["behind", 6], ["change", [6, 7]], ["reset", 9], ["change", [9, 10]]];
  assert.deepEqual(got, want);
  assert.deepEqual(seen.map(({ headers }) => headers.get("Last-Event-ID")), ["3", "4", "4", "4", "4", "7"]);
  const tokens = seen.map(({ headers }) => headers.get("Authorization")?.slice(-1));
  assert.deepEqual(tokens, ["1", "1", "1", "1", "2", "3"]);
  assert.equal(seen[0]?.path, "/api/v1/events?kinds=task,list");
});

test("a silent stream is opened again, a refused one ends", async () => {
  const { fetch, seen } = fake(stream('event: hello\ndata: {"rev":1}\n\n', true), json(400, problem(400, "INVALID_REQUEST")));
  const todod = new Todod({ ...quick, fetch, token: async () => "t", silence: 20 });
  await assert.rejects(all(todod.events()), { code: "INVALID_REQUEST" });
  assert.equal(seen[1]?.headers.get("Last-Event-ID"), "1");
  assert.equal(seen[0]?.headers.get("Last-Event-ID"), null);
});

test("an aborted stream just ends", async () => {
  const { fetch } = fake(stream('event: hello\ndata: {"rev":1}\n\n', true));
  const stop = new AbortController();
  for await (const _ of new Todod({ ...quick, fetch, token: async () => "t" }).events({ signal: stop.signal })) stop.abort();
});
