// What every store promises. It runs in Node and in a page, so it asks nothing of either.

import type { Store } from "../src/index.ts";
import { stateOf } from "../src/store.ts";

/** Throws unless two values are the same as JSON. */
function equal(got: unknown, want: unknown, what: string): void {
  if (JSON.stringify(got) !== JSON.stringify(want)) throw new Error(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(want)}`);
}

/** Holds an empty store to what it promises, and returns how many promises there are. */
export async function storeSuite(store: Store): Promise<number> {
  const ids = () => store.transact(async (tx) => (await tx.all("ids")).map(({ temporary, id }) => [temporary, id]));
  const put = (temporary: number, id: number) =>
    store.transact(async (tx) => tx.put("ids", temporary, { temporary, id }));

  equal((await store.transact(stateOf)).next, null, "an empty store");
  await put(-1, 10);
  await put(-12, 12);
  await put(-2, 11);
  equal(await ids(), [[-12, 12], [-2, 11], [-1, 10]], "in the order of the keys");
  equal(await store.transact(async (tx) => [await tx.get("ids", -2), await tx.get("ids", -3)]), [{ temporary: -2, id: 11 }, undefined], "get");

  await store.transact(async (tx) => {
    tx.delete("ids", -12);
    tx.put("ids", -2, { temporary: -2, id: 20 });
    equal((await tx.all("ids")).length, 2, "it sees what it has done itself");
  });
  equal(await ids(), [[-2, 20], [-1, 10]], "all of it is kept");

  const failed = await store
    .transact(async (tx) => {
      tx.put("ids", -2, { temporary: -2, id: 99 });
      tx.put("ids", -5, { temporary: -5, id: 99 });
      tx.delete("ids", -1);
      await tx.get("ids", -1);
      throw new Error("no");
    })
    .catch((error: Error) => error.message);
  equal(failed, "no", "what the work throws");
  equal(await ids(), [[-2, 20], [-1, 10]], "or none of it");

  const count = () =>
    store.transact(async (tx) => {
      const state = await stateOf(tx);
      state.seq++;
      await tx.all("rows");
      tx.put("state", 0, state);
      return state.seq;
    });
  const counted = await Promise.all(Array.from({ length: 20 }, count));
  equal(new Set(counted).size, 20, "one after the other");

  await store.transact(async (tx) => {
    const state = await stateOf(tx);
    state.seq = -1; // a value that came out belongs to the caller
  });
  equal((await store.transact(stateOf)).seq, 20, "what isn't put isn't kept");
  return 8;
}
