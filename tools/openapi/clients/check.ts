// What the clients in TypeScript share: where todod is, who they are, and how they fail.

declare const process: { argv: string[] };

/** The URL of todod, and an e-mail address that nobody has an account with. */
export const [url, email] = process.argv.slice(2);

/** Who signs up. */
export const registration = { name: "Alice", email, password: "correct horse battery" };

/** Fails unless what is so, and says what was seen. */
export function check(so: boolean, what: string, seen: unknown): asserts so {
  if (!so) throw new Error(`${what}: ${JSON.stringify(seen)}`);
}
