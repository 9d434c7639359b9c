// Somebody reads the documentation and tries a request, in a browser that obeys the pages' Content-Security-Policy. Told by
// browser_heavy_test.go. TODOD_URL says where todod is, CHROMIUM which browser to take.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const { TODOD_URL, CHROMIUM } = process.env;

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  timeout: 30_000,
});
process.on("SIGTERM", () => browser.close());
try {
  for (const path of ["/docs", "/redoc"]) {
    const page = await browser.newPage();
    page.setDefaultTimeout(30_000);
    const wrong = [];
    page.on("pageerror", (error) => wrong.push(error.message));
    page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
    await page.exposeFunction("violated", (what) => wrong.push(what));
    await page.addInitScript(() =>
      addEventListener("securitypolicyviolation", (e) => violated(`${e.violatedDirective}: ${e.blockedURI} ${e.sample}`), true),
    );
    await page.goto(TODOD_URL + path);
    const health = page.locator(".opblock", { has: page.locator('[data-path="/health"]') }).first();
    await health.locator(".opblock-summary-control").click();
    await health.getByRole("button", { name: "Try it out" }).click();
    await health.getByRole("button", { name: "Execute" }).click();
    await health.locator(".live-responses-table").getByText("healthy").first().waitFor();
    await page.getByRole("button", { name: "Authorize" }).first().click();
    await page.locator(".dialog-ux").getByText("bearer").first().waitFor();
    assert.deepEqual(wrong, [], `${path} does what its policy forbids`);
    console.log(`${path} works`);
  }
} finally {
  await browser.close();
}
