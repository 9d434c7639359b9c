// How the functions that orval makes send their requests: to todod, with a token once there is one.

import { url } from "./check";

let token = "";

/** Sends the token with every request from now on. */
export function signIn(bearer: string) {
  token = bearer;
}

/** Sends a request and returns its answer as orval describes it. */
export async function send<T>(path: string, init: RequestInit): Promise<T> {
  const headers = new Headers(init.headers);
  if (token) headers.set("Authorization", `Bearer ${token}`);
  const answer = await fetch(url + path, { ...init, headers });
  const body = await answer.text();
  return { data: body ? JSON.parse(body) : undefined, status: answer.status, headers: answer.headers } as T;
}
