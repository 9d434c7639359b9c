import { mkdirSync } from "node:fs";
import { SqliteDialect } from "kysely";
import Database from "libsql";
import { Pool } from "pg";

/** Where Better Auth keeps its accounts: PostgreSQL if DATABASE_URL names one, else a SQLite file in .data. */
export function openDatabase() {
  const url = process.env.DATABASE_URL;
  if (url) {
    const pool = new Pool({ connectionString: url });
    // A connection that breaks while nobody uses it is replaced when it is needed. Unheard, this would be an exception.
    pool.on("error", ({ message }) => console.error(`database: ${message}`));
    return pool;
  }

  mkdirSync(".data", { recursive: true, mode: 0o700 });
  // libsql, as it comes ready-made from npm for every platform, and the SQLite of Node.js 22 is still an experiment.
  return { dialect: new SqliteDialect({ database: new Database(".data/auth.db") }), type: "sqlite" as const };
}
