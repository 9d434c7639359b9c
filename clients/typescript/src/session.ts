import type { Client } from "openapi-fetch";
import type { components, paths } from "./api.ts";
import { must, TododError } from "./error.ts";
import { TokenKeeper } from "./tokens.ts";

/** What a person who has signed in is known by. Keep it where nobody else finds it. */
export interface SessionTokens {
  token: string;
  refreshToken: string;
}

/** Who signed in. */
export type Person = components["schemas"]["Person"];

/** A session with an account of todod's own (`/api/auth`). */
export class Session {
  readonly tokens = new TokenKeeper(() => this.#refresh());
  readonly #api: () => Client<paths>;
  readonly #keep: (tokens: SessionTokens | null) => void;
  #held: SessionTokens | null = null;

  /** `keep` is told of each change of the tokens, null when the session has ended. */
  constructor(api: () => Client<paths>, held: SessionTokens | null, keep: (tokens: SessionTokens | null) => void) {
    this.#api = api;
    this.#held = held;
    this.tokens.set(held?.token);
    this.#keep = keep;
  }

  /** Signs in. */
  async signIn(body: { email: string; password: string }): Promise<Person> {
    return this.#begin(await must(this.#api().POST("/api/auth/login", { body })));
  }

  /** Makes an account and signs in, unless something is to be done first: then `signIn` works once it is. */
  async register(body: { name: string; email: string; password: string }): Promise<Person> {
    return this.#begin(await must(this.#api().POST("/api/auth/register", { body })));
  }

  /** Ends the session, here at once, and at todod, as soon as it can be reached. */
  async signOut(): Promise<void> {
    const held = this.#held;
    this.#hold(null);
    if (held) await must(this.#api().POST("/api/auth/logout", { body: { refreshToken: held.refreshToken } }));
  }

  /** Keeps the tokens of an answer to a sign-in, if it has any. */
  #begin({ user, token, refreshToken }: components["schemas"]["Session"]): Person {
    if (token !== null && refreshToken !== null) this.#hold({ token, refreshToken });
    return user;
  }

  /** Gets the next access token. A session that has ended is a TododError of status 401. */
  async #refresh(): Promise<string> {
    const held = this.#held;
    if (!held) throw notSignedIn();
    try {
      const next = await must(this.#api().POST("/api/auth/refresh", { body: { refreshToken: held.refreshToken } }));
      if (this.#held !== held) return this.#held?.token ?? Promise.reject(notSignedIn());
      this.#hold(next);
      return next.token;
    } catch (error) {
      if (error instanceof TododError && error.status === 401 && this.#held === held) this.#hold(null);
      throw error;
    }
  }

  /** Takes other tokens. */
  #hold(tokens: SessionTokens | null): void {
    this.#held = tokens;
    this.tokens.set(tokens?.token);
    this.#keep(tokens);
  }
}

/** Returns the error of who has to sign in. */
function notSignedIn(): TododError {
  return new TododError(401, {
    type: "about:blank",
    title: "Unauthorized",
    status: 401,
    detail: "not signed in",
    error_code: "INVALID_CREDENTIALS",
    timestamp: new Date().toISOString(),
    request_id: "",
  });
}
