// Takes pictures of the app: node scripts/screenshots.mjs FOLDER [NAME…]
//
// todod has to run at TODOD_URL (http://localhost:8000 if it isn't said) with RATE_LIMIT_ENABLED=false. Each picture is taken at
// three sizes and in both colour schemes; with names, only those whose name
// begins with one of them: `today`, `today-phone`, `today-phone-dark`.

import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const [folder, ...wanted] = process.argv.slice(2);
if (!folder) throw new Error("where to? node scripts/screenshots.mjs FOLDER [NAME…]");
const base = process.env.TODOD_URL ?? "http://localhost:8000";
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const sizes = { phone: { width: 390, height: 844 }, tablet: { width: 820, height: 1180 }, desktop: { width: 1440, height: 900 } };
const schemes = ["light", "dark"];
mkdirSync(folder, { recursive: true });

/** Asks todod for something, in somebody's name. */
async function ask(method, path, body, token) {
  const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  const response = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.status === 204 ? null : response.json();
}

let people = 0;

/** Makes an account and returns it with its token. */
async function person(name) {
  const account = { name, email: `${name.toLowerCase()}${Date.now()}${people++}@example.com`, password: "correct horse battery" };
  const { token } = await ask("POST", "/api/auth/register", account);
  return { ...account, token };
}

/** Returns a day so many days from now. */
const day = (ahead) => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);

/** Gives somebody a life. */
async function furnish({ token }) {
  const post = (path, body) => ask("POST", path, body, token);
  const colors = ["#3b74d9", "#2e9e5b", "#d97706", "#8257d6"];
  const lists = {};
  for (const [at, name] of ["Home", "Work", "Trip to Lisbon", "Reading"].entries()) lists[name] = (await post("/api/v1/lists", { name, color: colors[at] })).id;
  const labels = {};
  for (const [name, color] of [["errand", "#d9483b"], ["calls", "#0e9aa7"], ["waiting", "#a38a00"], ["deep work", "#8257d6"]]) {
    labels[name] = (await post("/api/v1/labels", { name, color })).id;
  }
  const task = (title, more = {}) => post("/api/v1/tasks", { title, ...more });
  await task("Thank Marta for the book", { description: "And ask her about the second volume." });
  await task("Look for a bike for Jonas, 20 inches", { priority: "low" });
  await task("Renew the library card", { due_date: day(3), label_ids: [labels.errand] });
  await task("Water the plants", { list_id: lists.Home, due_date: day(0), recurrence: { rule: "FREQ=WEEKLY;BYDAY=MO,TH" } });
  await task("Pay the electricity bill", { list_id: lists.Home, due_date: day(-2), priority: "high" });
  await task("Call the chimney sweep", { list_id: lists.Home, due_date: day(1), label_ids: [labels.calls] });
  await task("Fix the kitchen drawer", { list_id: lists.Home, label_ids: [labels.waiting], description: "The runner on the left is bent." });
  const report = await task("Quarterly report", { list_id: lists.Work, due_date: day(4), priority: "high", label_ids: [labels["deep work"]] });
  const parts = ["Write the summary", "Check the figures with Ana", "Gather the numbers"];
  for (const title of parts) await task(title, { parent_id: report.id, completed: title === "Gather the numbers" });
  await task("Prepare the team meeting", { list_id: lists.Work, due_date: `${day(0)}T15:30:00Z`, recurrence: { rule: "FREQ=WEEKLY" } });
  await task("Answer Tomás about the contract", { list_id: lists.Work, due_date: day(0), label_ids: [labels.waiting] });
  await task("Review the pull request of Lena", { list_id: lists.Work, due_date: day(-1) });
  const trip = await task("Before we leave", { list_id: lists["Trip to Lisbon"], due_date: day(12) });
  const passport = await task("Passports", { parent_id: trip.id });
  await task("Check when they expire", { parent_id: passport.id, completed: true });
  await task("Put copies into the suitcase", { parent_id: passport.id });
  await task("Ask Paula to feed the cat", { parent_id: trip.id, label_ids: [labels.calls] });
  await task("Book the museum of tiles", { list_id: lists["Trip to Lisbon"], due_date: day(7) });
  await task("Find a place for dinner in Alfama", { list_id: lists["Trip to Lisbon"], priority: "low" });
  for (const title of ["The Left Hand of Darkness", "Austerlitz", "The Periodic Table"]) await task(title, { list_id: lists.Reading });
  await task("Buy oat milk", { completed: true });
  await task("Send the parcel to Grandma", { completed: true, label_ids: [labels.errand] });
  const gone = await task("Old idea");
  await ask("DELETE", `/api/v1/tasks/${gone.id}`, undefined, token);
  return { lists, labels, report, trip };
}

/** Gives somebody a thousand tasks. */
async function fill({ token }) {
  for (let batch = 0; batch < 10; batch++) {
    const operations = Array.from({ length: 100 }, (_, at) => {
      const n = 1000 - batch * 100 - at;
      const task = { title: `Task ${n}: ${["read", "write", "call", "buy", "mend"][n % 5]} something`, ...(n % 3 === 0 && { due_date: day(n % 40) }) };
      return { op: "create", task };
    });
    await ask("POST", "/api/v1/tasks/batch", { operations }, token);
  }
}

/** Signs somebody in on a page. */
async function signIn(page, { email, password }) {
  await page.goto(`${base}/app/`);
  await page.fill("[name=email]", email);
  await page.fill("[name=password]", password);
  await page.click("button[type=submit]");
  await page.waitForSelector(".side .who", { state: "attached" });
  await page.waitForSelector(".list-wait", { state: "detached" });
  await page.waitForSelector(".status-on");
  await page.waitForTimeout(300);
}

const stories = {
  async door(page) {
    await page.goto(`${base}/app/`);
    await page.waitForSelector(".card");
  },
  async "door-wrong"(page) {
    await page.goto(`${base}/app/`);
    await page.fill("[name=email]", "nobody@example.com");
    await page.fill("[name=password]", "wrong password");
    await page.click("button[type=submit]");
    await page.waitForSelector(".wrong:not(:empty)");
  },
  async empty(page, { empty }) {
    await signIn(page, empty);
  },
  async today(page, { full }) {
    await signIn(page, full);
  },
  async "list-tree"(page, { full, things }) {
    await signIn(page, full);
    await page.goto(`${base}/app/list/${things.lists["Trip to Lisbon"]}`);
    await page.waitForSelector(".row");
  },
  async detail(page, { full, things }) {
    await signIn(page, full);
    await page.goto(`${base}/app/list/${things.lists.Work}?task=${things.report.id}`);
    await page.waitForSelector(".detail .lines");
    await page.click(".history-switch");
    await page.waitForSelector(".changes");
  },
  async upcoming(page, { full }) {
    await signIn(page, full);
    await page.goto(`${base}/app/upcoming`);
    await page.waitForSelector(".row");
  },
  async all(page, { full }) {
    await signIn(page, full);
    await page.goto(`${base}/app/all`);
    await page.waitForSelector(".row");
  },
  async search(page, { full }) {
    await signIn(page, full);
    await page.fill("#search", "the");
  },
  async drawer(page, { full }) {
    await signIn(page, full);
    if (await page.isVisible(".top-menu")) await page.click(".top-menu");
    await page.waitForTimeout(300);
  },
  async trash(page, { full }) {
    await signIn(page, full);
    await page.goto(`${base}/app/trash`);
    await page.waitForSelector(".trashed");
  },
  async keys(page, { full }) {
    await signIn(page, full);
    await page.keyboard.press("?");
    await page.waitForSelector(".keys");
  },
  async offline(page, { full }) {
    await signIn(page, full);
    await page.context().setOffline(true);
    for (const title of ["Written on the train", "And another one"]) {
      await page.fill("#quick", title);
      await page.keyboard.press("Enter");
    }
    await page.waitForSelector(".status-off");
    await page.click(".row .tick");
    await page.waitForSelector(".toast");
  },
  async thousand(page, { many }) {
    await signIn(page, many);
    await page.goto(`${base}/app/inbox`);
    await page.waitForSelector(".row");
  },
  async error(page, { full }) {
    await signIn(page, full);
    await page.context().setOffline(true);
    await page.goto(`${base}/app/trash`);
    await page.waitForSelector(".empty");
  },
  async conflict(page) {
    const somebody = await person("Ines");
    await furnish(somebody);
    const task = await ask("POST", "/api/v1/tasks", { title: "Dinner with the neighbours", due_date: day(0) }, somebody.token);
    await signIn(page, somebody);
    await page.goto(`${base}/app/today?task=${task.id}`);
    await page.waitForSelector(".detail .lines");
    await page.context().setOffline(true);
    await page.fill("#title", "Dinner with the neighbours at ours");
    await page.click(".detail .segment-high");
    await page.waitForSelector(".status-off");
    await ask("PATCH", `/api/v1/tasks/${task.id}`, { title: "Dinner at the neighbours’", priority: "low" }, somebody.token);
    await page.context().setOffline(false);
    await page.waitForSelector(".status-issues");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await page.click(".status-issues");
    await page.waitForSelector(".issue");
  },
};

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
const [empty, full, many] = [await person("Ada"), await person("Nora"), await person("Max")];
const things = await furnish(full);
const chosen = (picture) => wanted.length === 0 || wanted.some((start) => picture.startsWith(start));
if (wanted.length === 0 || wanted.some((name) => name.startsWith("thousand"))) await fill(many);
for (const [name, story] of Object.entries(stories)) {
  for (const scheme of schemes) {
    for (const [size, viewport] of Object.entries(sizes)) {
      if (!chosen(`${name}-${size}-${scheme}`)) continue;
      const context = await browser.newContext({ viewport, colorScheme: scheme, hasTouch: size === "phone", isMobile: size === "phone" });
      const page = await context.newPage();
      page.on("console", (message) => message.type() === "error" && !/ERR_INTERNET|401/.test(message.text()) && console.log(name, message.text()));
      page.on("pageerror", (error) => console.log(name, error));
      try {
        await story(page, { empty, full, many, things });
        await page.waitForTimeout(250);
      } catch (error) {
        console.log(`${name}-${size}-${scheme}: ${error}`);
      }
      await page.screenshot({ path: `${folder}/${name}-${size}-${scheme}.png` });
      await context.close();
    }
  }
}
await browser.close();
