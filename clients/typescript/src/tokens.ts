/**
 * Gets an access token. It is told which one todod has refused, if it is because of that: a callback that has a cache of its
 * own must not answer with that one again.
 */
export type GetToken = (refused?: string) => Promise<string>;

/** Keeps an access token until todod refuses it, and gets the next one: once, however many requests wait for it. */
export class TokenKeeper {
  readonly #fetchToken: GetToken;
  #token: string | undefined;
  #renewal: Promise<string> | undefined;

  constructor(fetchToken: GetToken) {
    this.#fetchToken = fetchToken;
  }

  /** Returns the token, which is gotten first if there is none. */
  async get(): Promise<string> {
    return this.#token ?? this.renew();
  }

  /** Returns another token than the refused one. */
  renew(refused?: string): Promise<string> {
    if (this.#token !== undefined && this.#token !== refused) return Promise.resolve(this.#token);
    if (this.#renewal === undefined) {
      const renewal = this.#fetchToken(refused).then(
        (token) => {
          if (this.#renewal === renewal) this.set(token);
          return token;
        },
        (error: unknown) => {
          if (this.#renewal === renewal) this.#renewal = undefined;
          throw error;
        },
      );
      this.#renewal = renewal;
    }
    return this.#renewal;
  }

  /** Keeps a token that came by another way; undefined forgets the one there is. A renewal under way counts no more. */
  set(token: string | undefined): void {
    this.#token = token;
    this.#renewal = undefined;
  }
}
