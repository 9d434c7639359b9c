// Beginning and ending with a person: their replica is opened, or closed and deleted.

import { remember, type Remembered, remembered, signOut } from "../account/session.ts";
import { forgetDeeds, noteWrite } from "../model/actions.ts";
import { lapsed, open, pending } from "../model/replica.ts";
import { go, readAddress, renewAddress } from "../model/route.ts";
import { dialog, filter, person, replica } from "../model/state.ts";
import { everything } from "../model/views.ts";
import { must } from "todod-client";

const channel = new BroadcastChannel("todod-app");

/** Begins with a person, or goes on with them after they have signed in again. */
export async function enter(who: Remembered): Promise<void> {
  const before = replica.value;
  if (before && before.person.id === who.id) {
    lapsed.value = false;
    before.follow();
    return;
  }
  await before?.close(false);
  forgetDeeds();
  person.value = who;
  const opened = open(who, { onWrite: noteWrite, onIds: renewAddress });
  replica.value = opened;
  readAddress();
  if (location.pathname.replace(/\/$/, "") === "/app") history.replaceState(null, "", "/app/today");
  readAddress();
  void tellZone();
}

/** Tells todod where the person is, unless it knows: there days begin, and tasks recur. */
async function tellZone(): Promise<void> {
  const api = replica.value?.todod.api;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!api || zone === "UTC") return;
  try {
    const me = await must(api.GET("/api/v1/me"));
    if (me.time_zone === "UTC") await must(api.PATCH("/api/v1/me", { body: { time_zone: zone } }));
  } catch {
    // It is tried again when the app is opened the next time.
  }
}

/** Signs out, and asks first where that would lose what wasn't sent. */
export async function leave(sure = false): Promise<void> {
  if (pending.value > 0 && !sure) {
    dialog.value = "leave";
    return;
  }
  channel.postMessage("left");
  dialog.value = "";
  const ended = signOut().catch(() => {}); // without a connection it is done later
  await shut();
  await ended;
}

/** Closes the replica, and forgets the person and all that was kept of them. */
async function shut(): Promise<void> {
  const at = replica.value;
  remember(null);
  replica.value = null;
  person.value = null;
  filter.value = everything;
  go({ kind: "inbox" });
  history.replaceState(null, "", "/app/");
  await at?.close(true);
}

channel.addEventListener("message", () => void shut());
// Another tab may have somebody else by now.
addEventListener("storage", ({ key }) => {
  if (key === "todod.person" && remembered() !== null && remembered()?.id !== person.value?.id) location.reload();
});
