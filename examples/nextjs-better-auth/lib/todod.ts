import createClient from "openapi-fetch";
import { authClient } from "./auth-client";
import type { components, paths } from "./todod-api"; // `npm run api` writes it from todod's OpenAPI description

type Schemas = components["schemas"];
export type Task = Schemas["Task"];
export type NewTask = Schemas["NewTask"];
export type TaskPatch = Schemas["TaskPatch"];
export type TaskMove = Schemas["TaskMove"];
export type List = Schemas["List"];
export type ListMove = Schemas["ListMove"];
export type Label = Schemas["Label"];
export type NewName = Schemas["NewLabel"]; // a new list is the same: a name and a colour
export type NamePatch = Schemas["LabelPatch"];

/** The session is over, or another user's. The page has to be loaded again. */
export class SessionEnded extends Error {}

/**
 * The integration, in the browser: a typed client of todod that acts for one signed-in user. It gets a token from Better
 * Auth when it needs one, sends it along, and gets a new one when that is about to expire or todod refuses it.
 */
export function createTodod(baseUrl: string, userId: string) {
  const tokens = keepToken(userId);

  return createClient<paths>({
    baseUrl,
    async fetch(request) {
      const token = await tokens.get();
      const answer = await send(request.clone(), token); // a clone, as a body can be read only once
      if (answer.status !== 401) return answer;
      tokens.drop(token);
      return send(request, await tokens.get());
    },
  });
}

/** Sends a request with a token, and waits 15 seconds at most. */
async function send(request: Request, token: string): Promise<Response> {
  request.headers.set("Authorization", `Bearer ${token}`);
  try {
    return await fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(15_000)]) });
  } catch (cause) {
    if (request.signal.aborted) throw cause;
    throw new Error(`The task server at ${new URL(request.url).origin} can’t be reached. Try again in a moment.`, { cause });
  }
}

/** Keeps a user's token in memory only, where no other page and no later visitor finds it. */
function keepToken(userId: string) {
  let current: { token: string; goodUntil: number } | undefined;
  let fetching: Promise<string> | undefined;

  async function fetchToken(): Promise<string> {
    const { data, error } = await authClient.token(); // GET /api/auth/token, with the session's cookie
    if (error?.status === 401) throw new SessionEnded();
    if (!data) throw new Error("You could not be signed in to the task server. Try again in a moment.", { cause: error });

    const { sub, iat, exp } = payload(data.token);
    if (sub !== userId) throw new SessionEnded(); // somebody else signed in, in another tab
    // Counted from now, not read off exp, as the clock of this computer may be wrong. The last tenth is left unused.
    current = { token: data.token, goodUntil: Date.now() + (exp - iat) * 900 };
    return data.token;
  }

  return {
    /** Returns a good token. Requests that need one at the same time share one. */
    async get(): Promise<string> {
      if (current && Date.now() < current.goodUntil) return current.token;
      fetching ??= fetchToken().finally(() => (fetching = undefined));
      return fetching;
    },
    /** Forgets a token that was refused, unless it has been replaced. */
    drop(token: string) {
      if (current?.token === token) current = undefined;
    },
  };
}

/** Reads a token without checking it, which is todod's business. */
function payload(token: string): { sub: string; iat: number; exp: number } {
  const part = token.split(".")[1] ?? "";
  return JSON.parse(atob(part.replaceAll("-", "+").replaceAll("_", "/")));
}

/** Returns a good answer, or throws an Error whose message says to people what went wrong. */
export async function answer<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>) {
  const { data, error, response } = await call;
  if (response.ok) return { data: data as T, response };
  const { detail, errors } = (typeof error === "object" ? error : {}) as Partial<Schemas["Problem"]>;
  throw new Error(
    errors?.map(({ field, message }) => `${field} ${message}`).join(", ") ||
      detail ||
      `The task server answered with status ${response.status}.`,
  );
}
