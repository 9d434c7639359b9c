// Says whether the committed files of the app are what its source is built into; ends with 1 if not.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const committed = join(root, "../internal/httpapi/webapp/dist");
const fresh = mkdtempSync(join(tmpdir(), "todod-app-"));

/** Returns the files of a folder by their paths. */
function filesOf(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(entries.map(({ parentPath, name }) => [join(parentPath, name).slice(folder.length), readFileSync(join(parentPath, name))]));
}

try {
  const vite = join(root, "node_modules/vite/bin/vite.js");
  execFileSync(process.execPath, [vite, "build", "--logLevel", "error", "--outDir", fresh, "--emptyOutDir"], { cwd: root, stdio: "inherit" });
  const [before, now] = [filesOf(committed), filesOf(fresh)];
  const differ = [...new Set([...before.keys(), ...now.keys()])].filter((path) => !now.get(path)?.equals(before.get(path) ?? Buffer.alloc(0)));
  if (differ.length > 0) {
    console.error(`internal/httpapi/webapp/dist is not what web is built into: ${differ.join(", ")}\nrun: make app`);
    process.exitCode = 1;
  }
} finally {
  rmSync(fresh, { recursive: true });
}
