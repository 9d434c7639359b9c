// Two people use the example in two browsers. Told by browser_heavy_test.go, which runs todod and the example and does
// what the story asks for between steps: a line "please …" on standard output, answered with a line on standard input.
//
// APP_URL and TODOD_URL say where they are, CHROMIUM which browser to take, EVIDENCE where the screenshots of a failure go.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const { APP_URL, TODOD_URL, CHROMIUM, EVIDENCE } = process.env;
const patience = 30_000; // for one condition, in milliseconds

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  timeout: patience,
});
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const people = [];

/** Has the Go test do something, and waits until it is done. */
async function please(what) {
  console.log(`please ${what}`);
  await answers.next();
}

/** Runs a part of the story, and says how long it took. */
async function step(what, part) {
  const start = performance.now();
  try {
    await part();
  } catch (error) {
    console.log(`FAILED: ${what}`);
    throw error;
  }
  console.log(`${what} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
}

/** Opens a browser of its own for somebody. What it sends to todod is written down. */
async function person(name, options) {
  const context = await browser.newContext({ viewport: { width: 1000, height: 900 }, ...options });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const seen = { calls: [], preflights: [], tokens: 0, lastToken: "", errors: [] };
  page.on("response", (response) => {
    const { pathname, origin } = new URL(response.url());
    if (origin === TODOD_URL) seen.calls.push(`${response.request().method()} ${response.status()}`);
    if (pathname === "/api/auth/token") seen.tokens++;
  });
  page.on("request", (request) => {
    if (request.url().startsWith(TODOD_URL)) seen.lastToken = request.headers().authorization ?? seen.lastToken;
  });
  page.on("pageerror", (error) => seen.errors.push(error));
  const protocol = await context.newCDPSession(page);
  protocol.on("Network.requestWillBeSent", ({ request }) => {
    if (request.method === "OPTIONS") seen.preflights.push(request.headers["Access-Control-Request-Method"]);
  });
  await protocol.send("Network.enable");

  const newTask = page.getByRole("region", { name: "New task" });
  const someone = {
    name,
    page,
    context,
    seen,
    newTask,
    alert: page.locator('[role="alert"]:not(#__next-route-announcer__)'),
    task: (title) => page.getByRole("listitem").filter({ has: page.getByRole("checkbox", { name: title, exact: true }) }),
    box: (title, checked) => page.getByRole("checkbox", { name: title, exact: true, checked }),
    titles: () => page.locator("main li > .title").allTextContents(), // of the tasks that are shown, in their order
    /** Chooses something in the menu of a task, a list or a label. */
    async choose(of, what) {
      await page.getByRole("button", { name: `More for ${of}`, exact: true }).click();
      await page.getByRole("button", { name: what, exact: true }).click();
    },
    /** Clicks a button with just this name. */
    press: (name) => page.getByRole("button", { name, exact: true }).click(),
    /** Drags a task above another. */
    above: (title, other) => someone.task(title).dragTo(someone.task(other), { targetPosition: { x: 200, y: 4 } }),
    async count(text) {
      await page.getByRole("status").getByText(text, { exact: true }).waitFor();
    },
    async add(title) {
      await newTask.getByLabel("Title").fill(title);
      await newTask.getByRole("button", { name: "Add task" }).click();
    },
    async signUp() {
      await page.goto(APP_URL);
      await signUp(page, name);
    },
    async signIn(who, password) {
      await page.getByLabel("Email").fill(`${who}@example.com`.toLowerCase());
      await page.getByLabel("Password").fill(password);
      await page.getByRole("button", { name: "Sign in" }).click();
    },
    signOut: () => signOut(page),
  };
  people.push(someone);
  return someone;
}

/** Makes an account, from the page on which people sign in. */
async function signUp(page, name) {
  await page.getByRole("link", { name: "Create an account" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Email").fill(`${name}@example.com`.toLowerCase());
  await page.getByLabel("Password").fill(`${name} likes todod`);
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByRole("status").getByText("No tasks here.").waitFor();
}

async function signOut(page) {
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
}

/** Waits until what check returns is true. */
async function until(what, check) {
  for (const deadline = Date.now() + patience; !(await check()); ) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function story() {
  // Behind UTC and ahead of it: a day must stay that day for both.
  const ada = await person("Ada", { locale: "en-GB", timezoneId: "America/Los_Angeles", colorScheme: "light" });
  const bob = await person("Bob", { locale: "en-GB", timezoneId: "Pacific/Auckland", colorScheme: "dark" });
  await ada.page.clock.install();

  await step("Ada signs up", () => ada.signUp());

  await step("Ada adds two tasks", async () => {
    await ada.newTask.getByText("Details").click();
    await ada.newTask.getByLabel("Description").fill("By transfer");
    await ada.newTask.getByLabel("Priority").selectOption("High");
    await ada.newTask.getByLabel("Due date").fill("2099-12-25");
    await ada.add("Pay rent");
    const rent = ada.task("Pay rent");
    for (const text of ["By transfer", "high priority", "due 25 Dec 2099"]) await rent.getByText(text, { exact: true }).waitFor();
    await ada.add("Buy milk");
    await ada.count("2 tasks");
  });

  await step("Ada edits one", async () => {
    await ada.page.getByRole("button", { name: "Edit Pay rent" }).click();
    const form = ada.page.getByRole("listitem").filter({ has: ada.page.getByLabel("Due date") });
    await form.getByLabel("Title").fill("Pay the rent");
    await form.getByLabel("Description").fill("");
    await form.getByLabel("Priority").selectOption("Low");
    await form.getByRole("button", { name: "Save" }).click();
    const rent = ada.task("Pay the rent");
    for (const text of ["low priority", "due 25 Dec 2099"]) await rent.getByText(text, { exact: true }).waitFor();
    await rent.getByText("By transfer").waitFor({ state: "detached" });
    await until("the Edit button has the focus again", () =>
      ada.page.evaluate(() => document.activeElement?.getAttribute("aria-label") === "Edit Pay the rent"),
    );
  });

  await step("Ada completes it", async () => {
    await ada.box("Pay the rent", false).check();
    await until("todod has said so", () => ada.seen.calls.includes("PATCH 200"));
    await ada.page.reload();
    await ada.box("Pay the rent", true).waitFor();
    await ada.box("Buy milk", false).waitFor();
  });

  await step("Ada filters and searches", async () => {
    await ada.page.getByLabel("Show").selectOption("Open");
    await ada.count("1 task");
    await ada.box("Buy milk").waitFor();
    await ada.page.getByLabel("Show").selectOption("All");
    await ada.page.getByLabel("With priority").selectOption("Low");
    await ada.count("1 task");
    await ada.box("Pay the rent").waitFor();
    await ada.page.getByLabel("With priority").selectOption("Any");
    await ada.page.getByLabel("Search").fill("MILK");
    await ada.count("1 task");
    await ada.page.getByLabel("Search").fill("");
    await ada.count("2 tasks");
  });

  await step("Ada is told what is wrong with a title", async () => {
    await ada.add("x".repeat(201));
    await ada.newTask.getByRole("alert").getByText("title must be at most 200 characters, got 201").waitFor();
    await ada.newTask.getByLabel("Title").fill("");
  });

  await step("Bob signs up and sees nothing of Ada’s", async () => {
    await bob.signUp();
    assert.equal(await bob.page.getByRole("checkbox").count(), 0);
  });

  await step("Bob adds, edits, completes and deletes", async () => {
    await bob.newTask.getByText("Details").click();
    await bob.newTask.getByLabel("Due date").fill("2099-12-25");
    await bob.add("Sing");
    await bob.task("Sing").getByText("due 25 Dec 2099", { exact: true }).waitFor();
    await bob.page.getByRole("button", { name: "Edit Sing" }).click();
    await bob.page.getByRole("listitem").getByLabel("Title").fill("Sing loudly");
    await bob.page.getByRole("listitem").getByRole("button", { name: "Save" }).click();
    await bob.box("Sing loudly", false).check();
    await bob.box("Sing loudly", true).waitFor();
    await bob.add("Stay here");
    await bob.count("2 tasks");

    await bob.choose("Sing loudly", "Delete");
    await bob.count("1 task");
    await bob.press("Undo");
    await bob.box("Sing loudly", true).waitFor();
    await bob.choose("Sing loudly", "Delete");
    await bob.count("1 task");
    await bob.page.reload();
    await bob.count("1 task");
    await bob.box("Stay here").waitFor();
  });

  await step("Ada still sees hers alone, and deletes one", async () => {
    await ada.page.reload();
    await ada.count("2 tasks");
    await ada.choose("Buy milk", "Delete");
    await ada.count("1 task");
  });

  await step("all methods went across origins, one token served a page, and none was refused", async () => {
    for (const { name, seen } of [ada, bob]) {
      for (const call of ["GET 200", "POST 201", "PUT 200", "PATCH 200", "DELETE 204"]) {
        assert.ok(seen.calls.includes(call), `${name} sent no ${call}: ${seen.calls}`);
        await until(`${name} had a preflight before ${call}`, () => seen.preflights.includes(call.split(" ")[0]));
      }
      assert.ok(!seen.calls.some((call) => call.endsWith("401")), `${name} was refused: ${seen.calls}`);
    }
    assert.equal(ada.seen.tokens, 3, "tokens of Ada, who loaded the page three times");
    assert.equal(bob.seen.tokens, 2, "tokens of Bob, who loaded the page twice");
  });

  await step("a page of an origin that is not listed gets nothing", async () => {
    const read = (url) => fetch(url).then((answer) => answer.status, (error) => error.name);
    const stranger = await person("Stranger");
    await stranger.page.goto(APP_URL.replace("localhost", "127.0.0.1"));
    assert.equal(await ada.page.evaluate(read, `${TODOD_URL}/health`), 200);
    assert.equal(await stranger.page.evaluate(read, `${TODOD_URL}/health`), "TypeError");
    assert.equal(await stranger.page.evaluate(read, `${TODOD_URL}/api/v1/tasks`), "TypeError");
  });

  await step("Ada makes a list, and tasks in it", async () => {
    await ada.press("New list");
    const dialog = ada.page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("x".repeat(101));
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByRole("alert").getByText("name must be at most 100 characters, got 101").waitFor();
    await dialog.getByLabel("Name").fill("Trip");
    await dialog.getByRole("radio", { name: "Green" }).check();
    await dialog.getByRole("button", { name: "Save" }).click();
    await ada.press("Trip");
    await ada.page.getByRole("heading", { name: "Trip" }).waitFor();
    await ada.count("No tasks here.");
    await ada.add("Pack");
    await ada.count("1 task");
    await ada.add("Book the hotel");
    await ada.count("2 tasks");
  });

  /** Waits until Ada sees these tasks, in this order. */
  const see = (...titles) => until(`Ada sees ${titles}`, async () => `${await ada.titles()}` === `${titles}`);

  await step("Ada drags one task above the other, and that lasts", async () => {
    await see("Book the hotel", "Pack");
    await ada.above("Pack", "Book the hotel");
    await see("Pack", "Book the hotel");
    await ada.page.reload();
    await ada.press("Trip");
    await see("Pack", "Book the hotel");
  });

  await step("Ada moves it by keys and by the menu", async () => {
    const more = ada.page.getByRole("button", { name: "More for Pack", exact: true });
    await more.press("Alt+ArrowDown");
    await see("Book the hotel", "Pack");
    await until("the focus has come along", () => more.evaluate((button) => button === document.activeElement));
    await ada.choose("Pack", "Move up");
    await see("Pack", "Book the hotel");
  });

  await step("Ada puts a label on a task, and filters by it", async () => {
    await ada.press("New label");
    await ada.page.getByRole("dialog").getByLabel("Name").fill("urgent");
    await ada.page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    const label = ada.page.getByRole("button", { name: "urgent", exact: true });
    await label.waitFor();
    await ada.press("Edit Book the hotel");
    const form = ada.page.getByRole("listitem").filter({ has: ada.page.getByLabel("Due date") });
    await form.getByRole("checkbox", { name: "urgent" }).check();
    await form.getByRole("button", { name: "Save" }).click();
    await ada.task("Book the hotel").getByText("urgent", { exact: true }).waitFor();
    await label.click();
    await see("Book the hotel");
    await label.click();
    await see("Pack", "Book the hotel");
    assert.equal(await ada.task("Pack").getByText("urgent", { exact: true }).count(), 0);
  });

  await step("Ada adds subtasks, completes one, folds and arranges them", async () => {
    await ada.choose("Pack", "Add subtasks");
    const part = ada.page.getByLabel("New subtask of Pack");
    for (const title of ["Shoes", "Socks"]) {
      await part.fill(title);
      await part.press("Enter");
      await ada.box(title, false).waitFor();
    }
    await part.press("Escape");
    await ada.box("Socks").check();
    const fold = ada.task("Pack").getByRole("button", { name: "Subtasks of Pack: 1/2 completed" });
    await fold.click();
    await see("Pack", "Book the hotel");
    await fold.click();
    await see("Pack", "Socks", "Shoes", "Book the hotel");
    await ada.above("Shoes", "Socks");
    await see("Pack", "Shoes", "Socks", "Book the hotel");
  });

  await step("Ada completes the whole, and undo leaves it as it was", async () => {
    await ada.box("Pack", false).check();
    for (const title of ["Pack", "Shoes", "Socks"]) await ada.box(title, true).waitFor();
    await ada.press("Undo");
    for (const title of ["Pack", "Shoes", "Book the hotel"]) await ada.box(title, false).waitFor();
    await ada.box("Socks", true).waitFor();
  });

  await step("Ada drags a task onto another, and it is a part of that; onto the inbox, and it is there", async () => {
    await ada.task("Book the hotel").dragTo(ada.task("Pack"));
    await see("Pack", "Shoes", "Socks", "Book the hotel");
    await ada.page.getByRole("button", { name: "Subtasks of Pack: 1/3 completed" }).waitFor();
    await ada.press("Undo");
    await ada.page.getByRole("button", { name: "Subtasks of Pack: 1/2 completed" }).waitFor();
    await ada.task("Book the hotel").dragTo(ada.page.getByRole("button", { name: "Inbox", exact: true }));
    await see("Pack", "Shoes", "Socks");
    await ada.press("Inbox");
    await see("Book the hotel", "Pay the rent");
    await ada.press("Undo");
    await see("Pay the rent");
    await ada.press("Trip");
    await see("Pack", "Shoes", "Socks", "Book the hotel");
  });

  await step("Ada deletes the list with its tasks, and undo brings all of it back", async () => {
    await ada.choose("Trip", "Delete with its tasks");
    await ada.page.getByRole("heading", { name: "Inbox" }).waitFor();
    await ada.page.getByRole("button", { name: "Trip", exact: true }).waitFor({ state: "detached" });
    await ada.press("All tasks");
    await see("Pay the rent");
    await ada.press("Undo");
    await ada.count("5 tasks");
    await ada.press("Trip");
    await see("Pack", "Shoes", "Socks", "Book the hotel");
    for (const title of ["Pack", "Shoes", "Book the hotel"]) await ada.box(title, false).waitFor();
    await ada.box("Socks", true).waitFor();
    await ada.task("Book the hotel").getByText("urgent", { exact: true }).waitFor();
  });

  await step("Ada arranges her lists, and archives one", async () => {
    await ada.press("New list");
    await ada.page.getByRole("dialog").getByLabel("Name").fill("Garden");
    await ada.page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    const entries = ada.page.getByRole("navigation").getByRole("button", { name: /^(Trip|Garden)$/ });
    const lists = (...names) => until(`the lists are ${names}`, async () => `${await entries.allTextContents()}` === `${names}`);
    await lists("Trip", "Garden");
    await entries.nth(1).dragTo(entries.nth(0), { targetPosition: { x: 40, y: 3 } });
    await lists("Garden", "Trip");
    await ada.choose("Garden", "Archive");
    await ada.page.getByText("Archived (1)").click();
    await lists("Trip", "Garden");
    await ada.press("Inbox");
    await ada.count("1 task");
  });

  await step("a token that is about to expire is replaced in time", async () => {
    const { tokens, calls } = { ...ada.seen, calls: ada.seen.calls.length };
    await ada.page.clock.fastForward("14:00");
    await ada.add("After a quarter of an hour");
    await ada.count("2 tasks");
    assert.equal(ada.seen.tokens, tokens + 1);
    assert.deepEqual(ada.seen.calls.slice(calls), ["POST 201", "GET 200"]);
  });

  await step("a restart of the example keeps accounts and sessions", async () => {
    await please("restart the example with short tokens");
    await bob.page.clock.setFixedTime(Date.now()); // Bob's page doesn't notice how time goes by
    await bob.page.reload();
    await bob.count("1 task");
  });

  await step("a token that has expired is replaced, and the request sent again", async () => {
    const { tokens, calls, lastToken } = { ...bob.seen, calls: bob.seen.calls.length };
    const send = () => fetch(`${TODOD_URL}/api/v1/tasks`, { headers: { authorization: lastToken } });
    await until("todod refuses Bob’s token", async () => (await send()).status === 401);
    await bob.add("After the token");
    await bob.count("2 tasks");
    assert.equal(await bob.alert.count(), 0);
    assert.deepEqual(bob.seen.calls.slice(calls, calls + 2), ["POST 401", "POST 201"]);
    assert.ok(bob.seen.tokens > tokens);
  });

  await step("a page notices that somebody else has signed in in another tab", async () => {
    const tab = await ada.context.newPage();
    await tab.goto(APP_URL);
    await signOut(tab);
    await signUp(tab, "Eve");
    await tab.close();
    await ada.page.clock.fastForward("15:00");
    await ada.add("Not for Eve");
    await ada.page.locator("header").getByText("Eve", { exact: true }).waitFor();
    await ada.count("No tasks here.");
    await ada.signOut();
  });

  await step("a wrong password is said to be one", async () => {
    await ada.signIn("Ada", "Ada likes PHP");
    await ada.alert.getByText("Invalid email or password").waitFor();
  });

  await step("Bob signs in in Ada’s browser, and sees his tasks", async () => {
    await ada.signIn("Bob", "Bob likes todod");
    await ada.count("2 tasks");
    await ada.box("Stay here").waitFor();
    assert.equal(await ada.box("Pay the rent").count(), 0);
    await ada.signOut();
    await ada.signIn("Ada", "Ada likes todod");
    await ada.box("Pay the rent", true).waitFor();
    assert.equal(await ada.box("Stay here").count(), 0);
  });

  await step("an outage of todod is said to be one, and nothing typed is lost", async () => {
    await please("stop todod");
    await ada.add("During the outage");
    await ada.newTask.getByRole("alert").getByText("can’t be reached").waitFor();
    await ada.page.getByLabel("Show").selectOption("Open");
    await ada.page.getByRole("button", { name: "Try again" }).waitFor();
    await please("start todod");
    await ada.page.getByRole("button", { name: "Try again" }).click();
    await ada.count("1 task");
    await ada.newTask.getByRole("button", { name: "Add task" }).click();
    await ada.count("2 tasks");
    await ada.box("During the outage").waitFor();
    assert.equal(await ada.alert.count(), 0);
  });

  for (const { name, seen } of people) assert.deepEqual(seen.errors, [], `errors in the page of ${name}`);
}

try {
  await story();
} catch (error) {
  console.log(error.stack);
  await mkdir(EVIDENCE, { recursive: true });
  for (const { name, page, seen } of people) {
    console.log(`${name} was at ${page.url()} and had sent ${seen.calls.slice(-5).join(", ")}`);
    await page.screenshot({ path: `${EVIDENCE}/${name}.png`, fullPage: true }).catch((error) => console.log(String(error)));
  }
  process.exitCode = 1;
} finally {
  await browser.close();
  process.stdin.destroy();
}
