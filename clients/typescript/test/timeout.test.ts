import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Todod } from "../src/index.ts";

test("a silent stream is given up, also after the garbage was collected", { timeout: 10_000 }, async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const server = createServer((_, response) => response.writeHead(200).write('event: hello\ndata: {"rev":1}\n\n'));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(address && typeof address === "object");
  const collecting = setInterval(collect, 20);
  try {
    const baseUrl = `http://127.0.0.1:${address.port}`;
    const todod = new Todod({ baseUrl, token: async () => "t", silence: 300, reconnect: 1 });
    let hellos = 0;
    for await (const { event } of todod.events()) {
      assert.equal(event, "hello");
      if (++hellos === 2) break;
    }
  } finally {
    clearInterval(collecting);
    server.closeAllConnections();
    server.close();
  }
});
