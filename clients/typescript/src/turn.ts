import { sleep } from "./backoff.ts";
import { stateOf, type Store } from "./store.ts";

/** How long a lease lasts that nobody prolongs, in milliseconds. */
export const leaseTime = 10_000;

/**
 * Does something while no other tab does: by a Web Lock where there are, else by a lease in the store. Should two do it after
 * all, because one slept longer than its lease, the keys of the writes keep them from being made twice.
 */
export async function inTurn<T>(store: Store, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const locks: LockManager | undefined = globalThis.navigator?.locks;
  if (locks && store.name !== undefined) return locks.request(`todod-client ${store.name}`, { signal }, work);
  const owner = Math.random().toString(36);
  while (!(await lease(store, owner))) await sleep(leaseTime / 20, signal);
  const prolonging = setInterval(() => void lease(store, owner).catch(() => {}), leaseTime / 4);
  try {
    return await work();
  } finally {
    clearInterval(prolonging);
    await store.transact(async (tx) => {
      const state = await stateOf(tx);
      if (state.lease?.owner === owner) tx.put("state", 0, { ...state, lease: null });
    });
  }
}

/** Takes the lease, or prolongs it, unless somebody else has it; returns whether it is the owner's now. */
function lease(store: Store, owner: string): Promise<boolean> {
  return store.transact(async (tx) => {
    const state = await stateOf(tx);
    const now = Date.now();
    if (state.lease && state.lease.owner !== owner && state.lease.until > now) return false;
    tx.put("state", 0, { ...state, lease: { owner, until: now + leaseTime } });
    return true;
  });
}
