// Signing in and out. The refresh token is in a cookie that no script can read; the access token only in memory.

import { type Person, TododError } from "todod-client";

/** Who uses the app here, as it is remembered to open it without a connection. */
export type Remembered = Pick<Person, "id" | "name" | "email">;

/** What the session routes answer. */
interface Signed {
  user: Person;
  token: string | null;
  message?: string;
}

const [rememberedKey, leavingKey] = ["todod.person", "todod.leaving"];

/** Returns who was here last and has not signed out, null for nobody. */
export function remembered(): Remembered | null {
  const text = localStorage.getItem(rememberedKey);
  return text === null ? null : (JSON.parse(text) as Remembered);
}

/** Keeps who is here, or forgets them. */
export function remember(person: Remembered | null): void {
  if (!person) return localStorage.removeItem(rememberedKey);
  const { id, name, email } = person;
  localStorage.setItem(rememberedKey, JSON.stringify({ id, name, email }));
}

/** Sends a request to the session routes. Throws a TododError: of status 0 if there is no answer. */
async function ask(method: string, path: string, body?: object): Promise<Signed> {
  let response: Response;
  try {
    const headers: Record<string, string> = body ? { "Content-Type": "application/json" } : {};
    response = await fetch(`/app/session${path}`, { method, headers, cache: "no-store", ...(body && { body: JSON.stringify(body) }) });
  } catch (cause) {
    throw new TododError(0, undefined, { cause });
  }
  const answer: unknown = response.status === 204 ? {} : await response.json().catch(() => ({}));
  if (response.ok) return answer as Signed;
  throw new TododError(response.status, isProblem(answer) ? answer : undefined);
}

/** Reports whether an answer is a problem of todod's. */
function isProblem(answer: unknown): answer is NonNullable<TododError["problem"]> {
  return typeof answer === "object" && answer !== null && "error_code" in answer && "detail" in answer;
}

/** Signs in. */
export async function signIn(email: string, password: string): Promise<Signed> {
  return begin(await ask("POST", "", { email, password }));
}

/** Makes an account and signs in. */
export async function register(name: string, email: string, password: string): Promise<Signed> {
  return begin(await ask("POST", "/register", { name, email, password }));
}

/** Notes that somebody is here, unless something has to be done first. */
function begin(signed: Signed): Signed {
  if (signed.token !== null) {
    localStorage.removeItem(leavingKey);
    remember(signed.user);
  }
  return signed;
}

/** Gets an access token of the session that the cookie names; one tab at a time, as a refresh may change the cookie. */
export async function refresh(): Promise<Signed> {
  await leave();
  return navigator.locks.request("todod-app-session", () => ask("POST", "/refresh"));
}

/** Ends the session: at once here, at todod as soon as it can be reached. */
export async function signOut(): Promise<void> {
  remember(null);
  localStorage.setItem(leavingKey, "1");
  await leave();
}

/** Ends a session at todod that was ended here without a connection. */
async function leave(): Promise<void> {
  if (localStorage.getItem(leavingKey) === null) return;
  await ask("DELETE", "");
  localStorage.removeItem(leavingKey);
}

/** Returns what a failed sign-in tells the person. */
export function explain(error: unknown): string {
  if (!(error instanceof TododError)) return "Something went wrong. Please try again.";
  if (error.status === 0) return "You’re offline. Signing in needs a connection.";
  if (error.status === 429) return "Too many tries. Please wait a minute, then try again.";
  if (error.status === 401) return "This email address and password don’t match.";
  if (error.status >= 500) return "The server can’t answer right now. Please try again in a moment.";
  return sentence(error.message);
}

/** Returns a message as a sentence. */
export function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

