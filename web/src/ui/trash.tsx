import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type Kind, must, TododError, type Trashed } from "todod-client";
import { atTodod, short } from "../model/actions.ts";
import { sayInstant } from "../model/dates.ts";
import { all, loaded, online } from "../model/replica.ts";
import { replica } from "../model/state.ts";
import { Empty, IconButton } from "./bits.tsx";

const kinds: [Kind, string][] = [
  ["task", "Tasks"],
  ["list", "Lists"],
  ["label", "Labels"],
];
const most = 300;

/** Returns what something is called. */
function nameOf(thing: Trashed): string {
  return "title" in thing ? thing.title : "name" in thing ? String((thing as { name: unknown }).name) : "";
}

/** What was deleted: to be restored, or deleted for good. It is read from todod each time. */
export function Trash(): JSX.Element {
  const [kind, setKind] = useState<Kind>("task");
  const [things, setThings] = useState<Trashed[] | null>(null);
  const [wrong, setWrong] = useState("");
  const [sure, setSure] = useState(0);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let current = true;
    void read(kind).then(
      (found) => {
        if (current) [setThings(found), setWrong("")];
      },
      (error: unknown) => {
        if (current) setWrong(error instanceof TododError && error.status === 0 ? "offline" : "failed");
      },
    );
    return () => {
      current = false;
    };
  }, [kind, turn, online.value, loaded.value, all.value]);
  const at = replica.value;
  const params = (id: number) => ({ params: { path: { id } } });
  const restore = async (thing: Trashed) => {
    if (!at) return;
    await atTodod(() => must(at.todod.api.POST("/api/v1/trash/{id}/restore", params(thing.id))), `Restored ${short(nameOf(thing))}`);
    setTurn(turn + 1);
  };
  const purge = async (thing: Trashed) => {
    if (sure !== thing.id) return setSure(thing.id);
    if (!at) return;
    await atTodod(() => must(at.todod.api.DELETE("/api/v1/trash/{id}", params(thing.id))), `Deleted ${short(nameOf(thing))} for good`);
    setTurn(turn + 1);
  };
  return (
    <div class="sections">
      <div class="segments trash-kinds" role="group" aria-label="What to show">
        {kinds.map(([of, name]) => (
          <button
            type="button"
            key={of}
            class="segment"
            aria-pressed={kind === of}
            onClick={() => {
              setThings(null);
              setKind(of);
            }}
          >
            {name}
          </button>
        ))}
      </div>
      {wrong === "offline" ? (
        <Empty icon="cloud" title="You’re offline">
          The trash is at the server. It’s here again once there is a connection.
        </Empty>
      ) : wrong !== "" ? (
        <Empty icon="warn" title="The trash can’t be read right now" />
      ) : things === null ? (
        <div class="list-wait" />
      ) : things.length === 0 ? (
        <Empty icon="trash" title="Nothing in the trash">
          What you delete stays here for 30 days.
        </Empty>
      ) : (
        <ul class="rows">
          {things.map((thing) => (
            <li key={thing.id} class="row trashed">
              <span class="row-main">
                <span class="row-title">{nameOf(thing)}</span>
                <span class="facts">
                  <span class="fact">{thing.deleted_at ? `Deleted ${sayInstant(thing.deleted_at)}` : ""}</span>
                </span>
              </span>
              <button type="button" class="pill" aria-label={`Restore ${nameOf(thing)}`} onClick={() => void restore(thing)}>
                Restore
              </button>
              {sure === thing.id ? (
                <button type="button" class="pill bad" aria-label={`Delete ${nameOf(thing)} for good`} onClick={() => void purge(thing)}>
                  Delete for good?
                </button>
              ) : (
                <IconButton icon="trash" name={`Delete ${nameOf(thing)} for good`} onClick={() => void purge(thing)} />
              )}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Returns what is in the trash of a kind. */
async function read(kind: Kind): Promise<Trashed[]> {
  const found: Trashed[] = [];
  if (!replica.value) return found;
  for await (const thing of replica.value.todod.trash(kind)) if (found.push(thing) >= most) break;
  return found;
}
