import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin, transformWithEsbuild } from "vite";

/** Where todod runs while the app is developed. */
const todod = process.env["TODOD_URL"] ?? "http://localhost:8000";

/** Returns the path of something beside this file. */
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Writes the service worker, which knows the names of all files that the app is, and a version made of what is in them. */
function serviceWorker(): Plugin {
  return {
    name: "service-worker",
    apply: "build",
    async generateBundle(_, bundle) {
      const fixed = ["manifest.webmanifest", "icon.svg"];
      const hash = createHash("sha256");
      for (const name of Object.keys(bundle).sort()) {
        const file = bundle[name];
        if (file) hash.update(name).update(file.type === "chunk" ? file.code : file.source);
      }
      for (const name of fixed) hash.update(readFileSync(here(`public/${name}`)));
      const hashed = Object.keys(bundle).filter((name) => name !== "index.html").sort();
      const source = readFileSync(here("src/sw.ts"), "utf8");
      hash.update(source);
      const files = ["", ...hashed, ...fixed].map((name) => `/app/${name}`);
      const { code } = await transformWithEsbuild(source, "sw.ts", {
        format: "iife",
        minify: true,
        define: { VERSION: JSON.stringify(hash.digest("hex").slice(0, 12)), FILES: JSON.stringify(files) },
      });
      this.emitFile({ type: "asset", fileName: "sw.js", source: code });
    },
  };
}

export default defineConfig({
  base: "/app/",
  root: here("."),
  plugins: [serviceWorker()],
  resolve: {
    alias: {
      "todod-client": here("../clients/typescript/src/index.ts"),
      "openapi-fetch": here("../clients/typescript/node_modules/openapi-fetch/dist/index.mjs"),
    },
  },
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    outDir: here("../internal/httpapi/webapp/dist"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { proxy: { "/api": todod, "/app/session": todod } },
});
