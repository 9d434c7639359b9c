// Follows the tasks of many people at once, as docs/sync.md says: what stands there in blocks of JavaScript is what runs
// here, with each of the clients of event streams that people use. Those of browsers are in one page of Chromium, whose
// origin isn't that of todod.
//
// Commands come on standard input, a line of JSON each: {"name", "client", "url", "token"} begins, {"stop": name} ends.
// What comes of it goes to standard output: first an empty line, then {"name", "tasks": [...]} whenever tasks have changed,
// and {"fault"} for what nobody caught. It ends with its input. CHROMIUM says which browser to take.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { EventSource } from "eventsource";
import { chromium } from "playwright-core";

const print = (line) => console.log(JSON.stringify(line));
process.on("uncaughtException", (error) => print({ fault: `${error.stack}` }));
process.on("unhandledRejection", (error) => print({ fault: `${error?.stack ?? error}` }));

const page = await readFile(new URL("../../../docs/sync.md", import.meta.url), "utf8");
const documented = [...page.matchAll(/\n```js\n(.*?)\n```\n/gs)].map(([, code]) => code).join("\n");

// In a page, too.
const follower = `
const stops = {};

/** Keeps what a client makes of the tasks, and tells of changes, of those that come together once. */
class Copy extends Map {
  constructor(tell) { super(); this.tell = tell; }
  changed() {
    if (!this.due) queueMicrotask(() => { this.due = false; this.tell(); });
    this.due = true;
  }
  set(id, task) { super.set(id, task); this.changed(); return this; }
  delete(id) { const was = super.delete(id); this.changed(); return was; }
  clear() { super.clear(); this.changed(); }
}

/** Begins to follow the tasks at url; classes are those that the documented code takes from its surroundings. */
function start({ name, client, url, token }, classes, print) {
  const [way, kind = "EventSource"] = client.split(" ");
  const scope = { API: url, token, ...classes, EventSource: classes[kind] };
  const body = code + "; return { follow, open: " + way + " }";
  const { follow, open } = new Function(...Object.keys(scope), body)(...Object.values(scope));
  const tasks = new Copy(() => print({ name, tasks: [...tasks.values()] }));
  stops[name] = follow(tasks, open);
}
`;
const here = new Function("code", `${follower}; return { start, stops }`)(documented);

const types = { js: "text/javascript", html: "text/html" };
const html = `<!doctype html>
<script src="/node_modules/event-source-polyfill/src/eventsource.js"></script>
<script type="module">
import { fetchEventSource } from "/node_modules/@microsoft/fetch-event-source/lib/esm/index.js";
const code = ${JSON.stringify(documented)};
${follower}
const classes = { EventSource, EventSourcePolyfill, fetchEventSource };
window.begin = (what) => start(what, classes, window.print);
window.end = (name) => stops[name]();
</script>`;

/** Serves the page and the packages that it loads, whose modules leave out what their files end in. */
const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/") return response.writeHead(200, { "content-type": types.html }).end(html);
  try {
    const file = await readFile(new URL(`.${pathname.endsWith(".js") ? pathname : `${pathname}.js`}`, import.meta.url));
    response.writeHead(200, { "content-type": types.js }).end(file);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  timeout: 30_000,
});
const tab = await browser.newPage();
tab.on("pageerror", (error) => print({ fault: `${error.stack}` }));
await tab.exposeFunction("print", print);
await tab.goto(`http://127.0.0.1:${server.address().port}/`);
await tab.waitForFunction("window.begin");
console.log("");

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (command.stop) {
    here.stops[command.stop]?.();
    if (!here.stops[command.stop]) await tab.evaluate((name) => end(name), command.stop);
  } else if (command.browser) {
    await tab.evaluate((what) => begin(what), command);
  } else {
    here.start(command, { EventSource }, print);
  }
}
await browser.close();
process.exit();
