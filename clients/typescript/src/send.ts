import { type Backoff, passes, pause, retryAfter, sleep, within } from "./backoff.ts";
import { TododError } from "./error.ts";
import type { TokenKeeper } from "./tokens.ts";

/** How requests are sent. */
export interface Sending {
  /** Sends a request once, as the global `fetch` does. */
  fetch: (request: Request) => Promise<Response>;
  /** How long one try may take until all of its answer is there, in milliseconds. */
  timeout: number;
  /** How often a request is sent at most. */
  attempts: number;
  backoff: Backoff;
  /** The longest that a server may ask to wait, in milliseconds; an answer that asks for more is returned as it is. */
  patience: number;
}

/** Returns a new key for a write: 32 random digits. It also works where a page isn't secure and has no randomUUID. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What a request is to todod: whether it needs a token, takes an Idempotency-Key, and can be sent a second time. */
export interface Nature {
  secured: boolean;
  keyed: boolean;
  repeatable: boolean;
}

/** Returns the nature of a request by its method and path. */
export function natureOf(method: string, path: string): Nature {
  const reads = method === "GET" || method === "HEAD";
  const ofAccount = /\/api\/v1\/me$/.test(path);
  const keyed = !reads && !ofAccount && /\/api\/(v1|todos)\b/.test(path) && !path.endsWith("/events/ticket");
  return {
    secured: !/\/api\/auth\/(login|logout|refresh|register|token)$|\/health(\/\w+)?$/.test(path),
    keyed,
    repeatable:
      reads || keyed || (ofAccount && method === "PATCH") || /\/(events\/ticket|auth\/refresh|auth\/logout)$/.test(path),
  };
}

/**
 * Sends a request until it is answered for good. A write gets an Idempotency-Key, unless it has one, so that it happens once
 * however often it is sent. A lost connection, a time-out, and answers that pass are followed by another try, a few times at
 * most; a refused token by one with a new token. Of the last try the answer is returned; if there was none, it throws a
 * TododError of status 0. The body of an answer is here when it returns. The request's signal ends everything.
 */
export async function send(request: Request, tokens: TokenKeeper, how: Sending): Promise<Response> {
  const { signal } = request;
  const nature = natureOf(request.method, new URL(request.url).pathname);
  if (nature.keyed && !request.headers.has("Idempotency-Key")) request.headers.set("Idempotency-Key", newKey());
  let token = nature.secured ? await tokens.get() : undefined;
  let renewed = false;
  for (let attempt = 1; ; attempt++) {
    const last = !nature.repeatable || attempt >= how.attempts;
    let wait = pause(attempt, how.backoff);
    try {
      const response = await sendOnce(request, token, how);
      if (response.status === 401 && token !== undefined && !renewed) {
        renewed = true;
        token = await tokens.renew(token);
        attempt--;
        continue;
      }
      const asked = retryAfter(response.headers) ?? 0;
      if (last || !passes(response) || asked > how.patience) return response;
      wait = Math.max(wait, asked);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof TododError) throw error;
      if (last) throw new TododError(0, undefined, { cause: error });
    }
    await sleep(wait, signal);
  }
}

/** Sends a copy of a request with a token, and reads all of the answer. */
function sendOnce(request: Request, token: string | undefined, { fetch, timeout }: Sending): Promise<Response> {
  return within(timeout, request.signal, async (signal) => {
    const copy = new Request(request.clone(), { signal });
    if (token !== undefined) copy.headers.set("Authorization", `Bearer ${token}`);
    const response = await fetch(copy);
    const body = await response.arrayBuffer();
    const { status, statusText, headers } = response;
    return new Response(status === 204 || status === 304 ? null : body, { status, statusText, headers });
  });
}
