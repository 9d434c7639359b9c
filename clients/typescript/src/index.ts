// The client of todod. README.md shows how it is used.

export type { components, paths } from "./api.ts";
export type { Backoff } from "./backoff.ts";
export { Copy, type CopyOptions, type Everything, type Issue, type RunOptions } from "./copy.ts";
export { must, TododError } from "./error.ts";
export type { EventOptions, StreamEvent } from "./events.ts";
export { IndexedDBStore } from "./indexeddbstore.ts";
export { MemoryStore } from "./memorystore.ts";
export type { Person, SessionTokens } from "./session.ts";
export type { Row, State, Store, Tables, Transaction } from "./store.ts";
export { Todod, type TododOptions } from "./todod.ts";
export type { GetToken } from "./tokens.ts";
export type * from "./types.ts";
export type { Entry, Fields, Refusal, Sent, Write } from "./write.ts";
