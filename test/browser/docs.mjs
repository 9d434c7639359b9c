// Somebody comes to the first page, reads the documentation, makes an account there, signs in and creates a task, in a browser
// that obeys the pages' Content-Security-Policy; in light, in dark, and on a phone. Told by browser_heavy_test.go. TODOD_URL
// says where todod is, CHROMIUM which browser to take, EVIDENCE where the screenshots go.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { chromium } from "playwright-core";

const { TODOD_URL, CHROMIUM, EVIDENCE } = process.env;

const screens = {
  light: { colorScheme: "light", viewport: { width: 1440, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1440, height: 900 } },
  phone: { colorScheme: "light", viewport: { width: 390, height: 844 } },
};

await mkdir(EVIDENCE, { recursive: true });
const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  timeout: 30_000,
});
process.on("SIGTERM", () => browser.close());
try {
  for (const [name, screen] of Object.entries(screens)) {
    const { page, wrong } = await open(screen);
    await look(page, name);
    await read(page, name);
    await signUpAndIn(page, `${name}@example.com`);
    await createATask(page);
    assert.deepEqual(wrong, [], `the pages do what their policy forbids, or load from elsewhere (${name})`);
    console.log(`${name} works`);
  }
} finally {
  await browser.close();
}

/** Opens a page, and keeps what goes wrong in it. */
async function open(screen) {
  const page = await (await browser.newContext(screen)).newPage();
  page.setDefaultTimeout(30_000);
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
  page.on("request", (request) => new URL(request.url()).origin === TODOD_URL || request.url().startsWith("data:") || wrong.push(request.url()));
  await page.exposeFunction("violated", (what) => wrong.push(what));
  await page.addInitScript(() =>
    addEventListener("securitypolicyviolation", (e) => violated(`${e.violatedDirective}: ${e.blockedURI} ${e.sample}`), true),
  );
  return { page, wrong };
}

/** Looks at the first page and goes on to the documentation. */
async function look(page, name) {
  await page.goto(`${TODOD_URL}/`);
  await page.getByText("ready", { exact: true }).waitFor();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(wide, false, `the first page is wider than the screen (${name})`);
  await page.screenshot({ path: `${EVIDENCE}/home-${name}.png` });
  await page.goto(`${TODOD_URL}/redoc`);
  assert.equal(page.url(), `${TODOD_URL}/docs`);
}

/** Returns an operation of the documentation, expanded. */
async function expanded(page, id) {
  const operation = page.locator(`[id$="-${id}"]`);
  await operation.locator(".opblock-summary-control").click();
  await operation.locator(".responses-table").first().waitFor();
  return operation;
}

/** Reads: tasks come first and the frontend's routes last, and an operation fits a screen. */
async function read(page, name) {
  const groups = page.locator(".opblock-tag");
  await groups.first().waitFor();
  assert.equal(await groups.first().getAttribute("data-tag"), "Tasks");
  assert.equal(await groups.last().getAttribute("data-tag"), "Frontend");
  await page.screenshot({ path: `${EVIDENCE}/docs-${name}.png` });
  for (const id of ["createTask", "toggleTask", "listTasks", "patchTask", "runBatch", "register"]) {
    const operation = await expanded(page, id);
    const { height } = await operation.boundingBox();
    await operation.screenshot({ path: `${EVIDENCE}/${id}-${name}.png` });
    if (name !== "phone") assert.ok(height <= 900, `${id} is ${height} pixels high (${name})`);
    await operation.locator(".opblock-summary-control").click();
  }
}

/** Makes an account with what the documentation offers, but for the address, and signs in with Authorize. */
async function signUpAndIn(page, email) {
  const register = await expanded(page, "register");
  await register.getByRole("button", { name: "Try it out" }).click();
  const body = register.locator("textarea");
  const sample = JSON.parse(await body.inputValue());
  assert.match(sample.password, /[a-z]/);
  await body.fill(JSON.stringify({ ...sample, email }));
  await register.getByRole("button", { name: "Execute" }).click();
  await register.locator(".live-responses-table").getByText("201").first().waitFor();
  await page.getByRole("button", { name: "Authorize" }).first().click();
  const dialog = page.locator(".dialog-ux");
  await dialog.getByText("bearer", { exact: false }).first().waitFor();
  await dialog.locator("#oauth_username").fill(email);
  await dialog.locator("#oauth_password").fill(sample.password);
  await page.screenshot({ path: `${EVIDENCE}/authorize-${email.split("@")[0]}.png` });
  await dialog.locator(".auth-container", { has: page.locator("#oauth_username") }).locator("button.authorize").click();
  await dialog.getByRole("button", { name: "Remove authorization" }).first().waitFor();
  await dialog.locator(".close-modal").click();
}

/** Creates the task that the documentation offers. */
async function createATask(page) {
  const create = await expanded(page, "createTask");
  await create.getByRole("button", { name: "Try it out" }).click();
  await create.getByRole("button", { name: "Execute" }).click();
  await create.locator(".live-responses-table").getByText("201").first().waitFor();
  await create.locator(".live-responses-table").getByText("Buy milk").first().waitFor();
}
