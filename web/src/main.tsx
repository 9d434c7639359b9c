import { render } from "preact";
import { refresh, remember, remembered } from "./account/session.ts";
import { say } from "./model/actions.ts";
import { listenToKeys } from "./ui/keys.tsx";
import { enter } from "./ui/leave.ts";
import { Shell } from "./ui/shell.tsx";

/** What browsers with Trusted Types have, as far as it is needed here. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

/** Returns the address of the service worker, as browsers with Trusted Types want it. */
function workerAddress(): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  return trustedTypes?.createPolicy("todod", { createScriptURL: () => "/app/sw.js" }).createScriptURL("") ?? "/app/sw.js";
}

/** Has the app open without a connection from now on, and says so when there is a newer one. */
async function keepOffline(): Promise<void> {
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  const had = navigator.serviceWorker.controller !== null;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (had) say("There is a new version. Reload the page to use it.");
  });
  await navigator.serviceWorker.register(workerAddress(), { scope: "/app/" });
}

/** Finds out who is here: who was here last, else whose session the cookie names. */
async function begin(): Promise<void> {
  const known = remembered();
  if (known) await enter(known);
  const app = document.getElementById("app");
  if (!app) return;
  if (!known) {
    const signed = await refresh().catch(() => null);
    if (signed) {
      remember(signed.user);
      await enter(signed.user);
    }
  }
  app.textContent = "";
  render(<Shell />, app);
}

listenToKeys();
void begin();
void keepOffline().catch(console.warn);
