import createClient, { type Client } from "openapi-fetch";
import type { paths } from "./api.ts";
import type { Backoff } from "./backoff.ts";
import { must } from "./error.ts";
import { type EventOptions, events, type StreamEvent } from "./events.ts";
import { pages } from "./paging.ts";
import { type Sending, send } from "./send.ts";
import { type Person, Session, type SessionTokens } from "./session.ts";
import { type GetToken, TokenKeeper } from "./tokens.ts";
import type { Completion, CompletionQuery, Kind, PastChange, SyncPage, Task, TaskQuery, Trashed } from "./types.ts";

/** How a client reaches todod, and in whose name. Only `baseUrl` has to be said. */
export interface TododOptions {
  /** Where todod is: `https://todo.example.com`. */
  baseUrl: string;
  /** Gets an access token, from Better Auth for instance. Without it, people sign in here: `signIn`, `register`. */
  token?: GetToken;
  /** The tokens of an earlier session, as `onSession` was given them. */
  session?: SessionTokens | null;
  /** Is told of new tokens, to keep them; null when the session has ended. */
  onSession?: (tokens: SessionTokens | null) => void;
  /** How long one try of a request may take, in milliseconds: 30,000. */
  timeout?: number;
  /** How often a request is sent at most: 5. */
  attempts?: number;
  /** How long to wait between tries, in milliseconds: from 250 to 30,000. */
  backoff?: Backoff;
  /** The longest that todod may ask a request to wait, in milliseconds: 60,000. Beyond that the refusal is thrown. */
  patience?: number;
  /** How long an event stream may be silent, in milliseconds: 45,000. */
  silence?: number;
  /** How long to wait before a lost event stream is opened again, in milliseconds; absent for what todod asks for. */
  reconnect?: number;
  /** Sends a request once; the global `fetch` if absent. */
  fetch?: (request: Request) => Promise<Response>;
}

/**
 * A client of todod for one person.
 *
 * `api` has every route, typed by todod's own description; wrapped in `must`, a refusal is thrown as a TododError. All that is
 * sent is sent again when it may be, with a token that is renewed, and writes happen once.
 */
export class Todod {
  readonly api: Client<paths>;
  readonly #tokens: TokenKeeper;
  readonly #session: Session | undefined;
  readonly #options: Sending & { baseUrl: string; silence: number; reconnect: number | undefined };

  constructor(options: TododOptions) {
    const { token, session = null, onSession = () => {} } = options;
    this.#options = {
      baseUrl: options.baseUrl.replace(/\/+$/, ""),
      timeout: options.timeout ?? 30_000,
      attempts: options.attempts ?? 5,
      backoff: options.backoff ?? { first: 250, max: 30_000 },
      patience: options.patience ?? 60_000,
      silence: options.silence ?? 45_000,
      reconnect: options.reconnect,
      fetch: options.fetch ?? ((request) => fetch(request)),
    };
    this.#session = token ? undefined : new Session(() => this.api, session, onSession);
    this.#tokens = token ? new TokenKeeper(token) : (this.#session as Session).tokens;
    this.api = createClient<paths>({ baseUrl: this.#options.baseUrl, fetch: (request) => this.send(request) });
  }

  /** Sends any request as those of `api` are sent: with a token, and again when it may be. */
  send(request: Request, how: Partial<Sending> = {}): Promise<Response> {
    return send(request, this.#tokens, { ...this.#options, ...how });
  }

  /** How long to wait between tries. */
  get backoff(): Backoff {
    return this.#options.backoff;
  }

  /** Returns the URL of a path of todod's. */
  url(path: string): string {
    return this.#options.baseUrl + path;
  }

  /** Signs in with an account of todod's own. */
  signIn(credentials: { email: string; password: string }): Promise<Person> {
    return this.#own().signIn(credentials);
  }

  /** Makes an account of todod's own and signs in. */
  register(account: { name: string; email: string; password: string }): Promise<Person> {
    return this.#own().register(account);
  }

  /** Signs out: here at once, even if todod can't be reached; then it throws. */
  signOut(): Promise<void> {
    return this.#own().signOut();
  }

  /** Yields the tasks that a query finds, page by page. */
  tasks(query: TaskQuery = {}): AsyncGenerator<Task, void, undefined> {
    return pages((cursor) => this.api.GET("/api/v1/tasks", { params: { query: { ...query, ...cursor } } }));
  }

  /** Yields what was completed, the latest first. */
  completions(query: CompletionQuery = {}): AsyncGenerator<Completion, void, undefined> {
    return pages((cursor) => this.api.GET("/api/v1/completions", { params: { query: { ...query, ...cursor } } }));
  }

  /** Yields what happened to a task, list or label, the latest first. */
  history(kind: Kind, id: number): AsyncGenerator<PastChange, void, undefined> {
    return pages((cursor) => {
      const init = { params: { path: { id }, query: cursor } };
      if (kind === "list") return this.api.GET("/api/v1/lists/{id}/history", init);
      if (kind === "label") return this.api.GET("/api/v1/labels/{id}/history", init);
      return this.api.GET("/api/v1/tasks/{id}/history", init);
    });
  }

  /** Yields what is in the trash, the latest first. */
  trash(kind: Kind = "task"): AsyncGenerator<Trashed, void, undefined> {
    return pages((cursor) => this.api.GET("/api/v1/trash", { params: { query: { kind, ...cursor } } }));
  }

  /**
   * Yields the pages of a sync: of everything without `since`, which is the `next` of an earlier page, else of what has
   * changed after that one. A `since` that can't be gone on from is a TododError of code SYNC_TOKEN_EXPIRED.
   */
  async *sync(options: { since?: string; kinds?: readonly Kind[] } = {}): AsyncGenerator<SyncPage, void, undefined> {
    const { kinds } = options;
    for (let { since } = options; ; ) {
      const query = { ...(since && { since }), ...(kinds && { kinds: kinds.join(",") }) };
      const page = await must(this.api.GET("/api/v1/sync", { params: { query } }));
      yield page;
      if (!page.has_more) return;
      since = page.next;
    }
  }

  /** Yields changes as they happen, over one event stream after the other, without an end. See StreamEvent. */
  events(options: EventOptions = {}): AsyncGenerator<StreamEvent, void, undefined> {
    return events(options, this.#tokens, this.#options);
  }

  /** Returns the session with todod's own accounts. */
  #own(): Session {
    if (!this.#session) throw new Error("this client has a token callback: sign in where its tokens come from");
    return this.#session;
  }
}
