import type { ErrorCode, Problem } from "./types.ts";

/** What todod answered instead of what it was asked for, or that it gave no answer. */
export class TododError extends Error {
  override readonly name = "TododError";
  /** The status of the answer; 0 if there was none. */
  readonly status: number;
  /** todod's word for what happened; `UNREACHABLE` without an answer, `NOT_TODOD` for one that isn't todod's. */
  readonly code: ErrorCode | "UNREACHABLE" | "NOT_TODOD";
  /** What todod said, if it said anything. */
  readonly problem: Problem | undefined;

  constructor(status: number, problem?: Problem, options?: ErrorOptions) {
    super(problem?.detail ?? (status ? `the server answers ${status}` : "todod can't be reached"), options);
    this.status = status;
    this.code = problem?.error_code ?? (status ? "NOT_TODOD" : "UNREACHABLE");
    this.problem = problem;
  }

  /** Whether the same request may well be answered otherwise later: there was no answer, or a 408, a 429 or a 5xx. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** Reports whether a value is a problem of todod's. */
function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "error_code" in value && "detail" in value;
}

/** Returns the error that an answer is, whose body is `body`: JSON that was read already, or text. */
export function refusal(status: number, body: unknown): TododError {
  let value = body;
  if (typeof body === "string") {
    try {
      value = JSON.parse(body);
    } catch {
      // A proxy's page says nothing to programs.
    }
  }
  return new TododError(status, isProblem(value) ? value : undefined);
}

/** An answer as openapi-fetch gives it. */
export interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Returns what was asked for, or throws the TododError that came instead. */
export async function must<T>(asked: Promise<Answer<T>>): Promise<T> {
  return (await mustHave(asked)).data;
}

/** Is `must` with the response beside the data, for its headers. */
export async function mustHave<T>(asked: Promise<Answer<T>>): Promise<{ data: T; response: Response }> {
  const { data, error, response } = await asked;
  if (!response.ok) throw refusal(response.status, error);
  return { data: data as T, response }; // undefined where T is, as for a 204
}
