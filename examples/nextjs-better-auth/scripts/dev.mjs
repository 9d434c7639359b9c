// `next dev`, once there is a .env.local: made from .env.example, with a secret of its own.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

if (!existsSync(".env.local")) {
  const secret = randomBytes(32).toString("base64");
  const settings = readFileSync(".env.example", "utf8").replace(/^BETTER_AUTH_SECRET=$/m, `BETTER_AUTH_SECRET=${secret}`);
  writeFileSync(".env.local", settings, { mode: 0o600 });
  console.log("wrote .env.local, with a new secret");
}

process.env.NEXT_TELEMETRY_DISABLED = "1"; // next.config.ts comes too late for one of the reports of `next dev`
process.argv.splice(2, 0, "dev");
await import("next/dist/bin/next");
