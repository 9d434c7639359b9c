import { type Backoff, passes, pause, retryAfter, sleep, within } from "./backoff.ts";
import { refusal, TododError } from "./error.ts";
import { EventParser, type Message } from "./sse.ts";
import type { TokenKeeper } from "./tokens.ts";
import type { Change, Kind } from "./types.ts";

/** What a stream tells. */
export type StreamEvent =
  /** The stream is open, and nothing between the last event and it was missed. */
  | { event: "hello"; rev: number }
  /** The stream begins above what was told so far: sync from where you stand. */
  | { event: "behind"; rev: number }
  /** The server can't go on from where you stand: sync anew. What follows comes after `rev`. */
  | { event: "reset"; rev: number }
  /** Something has changed, next after `previous`: all changes between the two were of kinds that weren't asked for. */
  | { event: "change"; change: Change; previous: number };

/** What is asked of a stream. */
export interface EventOptions {
  /** The revision after which it begins; absent for what happens from now on. */
  since?: number;
  /** Which kinds it tells of; tasks if absent. */
  kinds?: readonly Kind[];
  signal?: AbortSignal;
}

/** How streams are opened. */
export interface Streaming {
  baseUrl: string;
  fetch: (request: Request) => Promise<Response>;
  /** How long a stream may be silent until it is taken for lost, in milliseconds. todod says something every 15 seconds. */
  silence: number;
  /** How long to wait before the next stream, in milliseconds; undefined for what the server asks for. */
  reconnect: number | undefined;
  /** How long an answer may take to begin, in milliseconds. */
  timeout: number;
  backoff: Backoff;
}

const tooManyStreams = 90_000; // ms until a stream is opened again that gave way to newer ones, if the server doesn't say

/** What one stream has come to: the last revision it told of, and how it ended. */
interface Course {
  last: number | undefined;
  retry: number | undefined;
  expired: string | undefined;
  heard: boolean;
}

/**
 * Yields what a person's event streams tell, one stream after the other, each from where the last one ended. It ends when the
 * signal is aborted or the caller breaks off, and throws a TododError if todod refuses for good.
 */
export async function* events(
  options: EventOptions,
  tokens: TokenKeeper,
  how: Streaming,
): AsyncGenerator<StreamEvent, void, undefined> {
  const { kinds, signal } = options;
  const course: Course = { last: options.since, retry: undefined, expired: undefined, heard: false };
  let refused: string | undefined;
  for (let failures = 0; !signal?.aborted; ) {
    course.expired = undefined;
    course.heard = false;
    let wait: number | undefined;
    const ended = new AbortController();
    const end = () => ended.abort(signal?.reason);
    signal?.addEventListener("abort", end, { once: true });
    try {
      const token = refused === undefined ? await tokens.get() : await tokens.renew(refused);
      const response = await open(course.last, kinds, token, ended, how);
      if (response.status === 401 && token !== refused) {
        refused = token;
        continue;
      }
      if (!response.ok || !response.body) {
        if (!passes(response)) throw refusal(response.status, await response.text());
        wait = retryAfter(response.headers);
      } else {
        for await (const message of messages(response.body, ended, how.silence, course)) {
          if (message.event === "expired") {
            course.expired = reasonOf(message);
            if (course.expired !== "too_many_streams") refused = token;
            break;
          }
          refused = undefined;
          yield* told(message, course);
        }
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof TododError && !error.temporary) throw error;
    } finally {
      signal?.removeEventListener("abort", end);
      ended.abort();
    }
    failures = course.heard ? 0 : failures + 1;
    if (course.expired === "too_many_streams") wait = course.retry ?? tooManyStreams;
    wait ??= failures > 0 ? pause(failures, how.backoff) : (how.reconnect ?? course.retry ?? how.backoff.max) * (0.5 + Math.random());
    try {
      await sleep(course.expired !== undefined && course.expired !== "too_many_streams" ? 0 : wait, signal);
    } catch {
      return;
    }
  }
}

/** Asks for a stream after `last`. */
async function open(
  last: number | undefined,
  kinds: readonly Kind[] | undefined,
  token: string,
  ended: AbortController,
  { baseUrl, fetch, timeout }: Streaming,
): Promise<Response> {
  const headers: Record<string, string> = { Accept: "text/event-stream", Authorization: `Bearer ${token}` };
  if (last !== undefined) headers["Last-Event-ID"] = String(last);
  const query = kinds ? `?kinds=${kinds.join(",")}` : "";
  const init = { headers, cache: "no-store", signal: ended.signal } as const;
  return within(timeout, ended.signal, () => fetch(new Request(`${baseUrl}/api/v1/events${query}`, init)));
}

/** Yields the messages of a stream until it ends. Silence that is too long ends it. */
async function* messages(
  body: ReadableStream<Uint8Array>,
  ended: AbortController,
  silence: number,
  course: Course,
): AsyncGenerator<Message, void, undefined> {
  const parser = new EventParser();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const piece = await within(silence, ended.signal, () => reader.read());
      if (piece.done) return;
      for (const message of parser.push(decoder.decode(piece.value, { stream: true }))) {
        course.heard = true;
        course.retry = parser.retry ?? course.retry;
        yield message;
      }
    }
  } finally {
    void reader.cancel().catch(() => {}); // where the abort doesn't reach it
  }
}

/** Yields what a message tells, and notes how far the stream has come. */
function* told({ event, data }: Message, course: Course): Generator<StreamEvent, void, undefined> {
  if (event === "hello" || event === "reset") {
    const { rev } = JSON.parse(data) as { rev: number };
    const behind = event === "hello" && course.last !== undefined && rev > course.last;
    course.last = rev;
    yield { event: behind ? "behind" : event, rev };
    return;
  }
  const change = JSON.parse(data) as Change;
  const previous = course.last ?? change.rev - 1;
  course.last = change.rev;
  yield { event: "change", change, previous };
}

/** Returns why a stream has expired. */
function reasonOf({ data }: Message): string {
  const { reason } = JSON.parse(data) as { reason?: string };
  return reason ?? "";
}
