/** How long to wait between two tries, in milliseconds. */
export interface Backoff {
  /** Before the second try; it doubles with each that follows. */
  first: number;
  /** The longest wait, unless the server asks for a longer one. */
  max: number;
}

/** Returns how long to wait after so many failures: between half of what has doubled as often, and all of it. */
export function pause(failures: number, { first, max }: Backoff, random: () => number = Math.random): number {
  const whole = Math.min(max, first * 2 ** (failures - 1));
  return whole / 2 + (whole / 2) * random();
}

/** Returns how many milliseconds an answer asks to wait, by seconds or a date in `Retry-After`; undefined if it doesn't. */
export function retryAfter(headers: Headers, now = Date.now()): number | undefined {
  const value = headers.get("Retry-After");
  if (value === null) return undefined;
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/** Reports whether the same request can have another answer later: 408, 429, 5xx, and whatever says when to come back. */
export function passes(response: Response): boolean {
  const { status } = response;
  return status === 408 || status === 429 || status >= 500 || (status >= 400 && response.headers.has("Retry-After"));
}

/** Waits so many milliseconds. Throws the signal's reason if that is aborted first. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const end = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", end);
      resolve();
    }, ms);
    signal?.addEventListener("abort", end, { once: true });
  });
}

/**
 * Does something with a signal that is aborted after so many milliseconds, and whenever the given one is. Then it throws the
 * reason at once, even if the work doesn't listen: requests that were collected as garbage on the way don't.
 */
export async function within<T>(ms: number, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const end = () => stop.abort(signal.reason);
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  const timer = setTimeout(() => stop.abort(new DOMException("it took too long", "TimeoutError")), ms);
  try {
    return await new Promise<T>((resolve, reject) => {
      if (stop.signal.aborted) reject(stop.signal.reason);
      stop.signal.addEventListener("abort", () => reject(stop.signal.reason), { once: true });
      work(stop.signal).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}
