import { type Answer, mustHave } from "./error.ts";

/** Returns the cursor of the page that a `Link` leads to, undefined if it leads to none. */
export function nextCursor(link: string | null): string | undefined {
  const [, target] = /<([^>]*)>;\s*rel="?next"?/.exec(link ?? "") ?? [];
  return target === undefined ? undefined : (new URL(target, "http://any").searchParams.get("cursor") ?? undefined);
}

/** Yields what is on the page that `ask` returns without a cursor, and on all that follow it, which are asked for when needed. */
export async function* pages<T>(ask: (cursor: { cursor?: string }) => Promise<Answer<T[]>>): AsyncGenerator<T, void, undefined> {
  for (let cursor: string | undefined; ; ) {
    const { data, response } = await mustHave(ask(cursor === undefined ? {} : { cursor }));
    yield* data;
    cursor = nextCursor(response.headers.get("Link"));
    if (cursor === undefined) return;
  }
}
