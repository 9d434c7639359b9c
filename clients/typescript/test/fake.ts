// A todod that answers each request with the next of the given answers, and notes what came.

export interface Seen {
  method: string;
  path: string;
  headers: Headers;
  body: string;
}

export type Reply = Response | Error | ((request: Request) => Promise<Response>);

/** Returns a fetch that gives these replies, in their order, and what it was asked. */
export function fake(...replies: Reply[]): { fetch: (request: Request) => Promise<Response>; seen: Seen[] } {
  const seen: Seen[] = [];
  const fetch = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    seen.push({ method: request.method, path: pathname + search, headers: request.headers, body: await request.clone().text() });
    const reply = replies[seen.length - 1];
    if (!reply) throw new Error(`nothing is said to request ${seen.length}: ${request.method} ${request.url}`);
    if (reply instanceof Error) throw reply;
    return typeof reply === "function" ? reply(request) : reply;
  };
  return { fetch, seen };
}

/** Returns an answer with a body of JSON. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });
}

/** Returns a stream of events that ends after this text, or stays open and silent. */
export function stream(text: string, open = false): Reply {
  return async (request) => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(text));
        if (!open) controller.close();
        request.signal.addEventListener("abort", () => {
          if (open) controller.error(request.signal.reason);
        });
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  };
}
