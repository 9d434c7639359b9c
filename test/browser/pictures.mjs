// Makes the picture of the documentation page that the README shows, in light and in dark. scripts/screenshots.sh runs it.
// TODOD_URL says where todod is, CHROMIUM which browser to take, PICTURES where the files go.

import { chromium } from "playwright-core";

const { TODOD_URL, CHROMIUM, PICTURES } = process.env;

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  timeout: 30_000,
});
try {
  for (const [colorScheme, file] of [["light", "docs-page.png"], ["dark", "docs-page-dark.png"]]) {
    const context = await browser.newContext({ colorScheme, viewport: { width: 1100, height: 720 } });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    await page.goto(`${TODOD_URL}/docs`);
    await page.locator(".opblock-tag").first().waitFor();
    await page.screenshot({ path: `${PICTURES}/${file}` });
  }
} finally {
  await browser.close();
}
