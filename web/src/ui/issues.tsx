import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Issue } from "todod-client";
import { sentence } from "../account/session.ts";
import { sayFieldName, sayValue } from "../model/fields.ts";
import { idNow, issues } from "../model/replica.ts";
import { dialog, labels, lists, replica, tree } from "../model/state.ts";
import { Dialog, Empty } from "./bits.tsx";

/** What todod has refused, for the person to decide about, one by one. */
export function Issues(): JSX.Element {
  return (
    <Dialog
      title="What needs you"
      class="dialog-wide"
      onClose={() => {
        dialog.value = "";
      }}
    >
      {issues.value.length === 0 ? (
        <Empty icon="completed" title="All settled">
          Nothing waits for you.
        </Empty>
      ) : (
        <ul class="issues">
          {issues.value.map((issue) => (
            <OneIssue key={`${issue.seq} ${issue.reason}`} issue={issue} />
          ))}
        </ul>
      )}
    </Dialog>
  );
}

/** Returns what a write was about. */
function nameOf({ write }: Issue): string {
  const id = idNow(write.id);
  const known = tree.value.byId.get(id)?.title ?? lists.value.get(id)?.name ?? labels.value.get(id)?.name;
  if (known !== undefined) return known;
  const fields: Record<string, unknown> = "fields" in write ? { ...write.fields } : {};
  return String(fields["title"] ?? fields["name"] ?? `a ${write.kind}`);
}

/** Returns what happened, as people say it. */
function reasonOf(issue: Issue): string {
  const did = { create: "add", edit: "change", move: "move", delete: "delete", complete: "complete", skip: "skip" }[issue.write.op];
  switch (issue.reason) {
    case "conflict":
      return "It was changed elsewhere at the same time. Which one is right?";
    case "changed":
      return "It was changed elsewhere meanwhile. Do you want yours all the same?";
    case "gone":
      return `You meant to ${did} it, but it isn’t there any more.`;
    case "uncertain":
      return "It was sent long ago, and nobody knows whether it arrived. Have a look, then decide.";
    default:
      return `You meant to ${did} it. ${sentence(issue.problem?.errors?.map(({ message }) => message).join("; ") || (issue.problem?.detail ?? "It was refused"))}`;
  }
}

/** One refused write, with both values of each field, and what can be done. */
function OneIssue({ issue }: { issue: Issue }): JSX.Element {
  const copy = replica.value?.copy;
  const [text, setText] = useState<string | null>(null);
  const fields: Record<string, unknown> = "fields" in issue.write ? { ...issue.write.fields } : {};
  const both = rowsOf(issue, fields);
  const correctable = issue.reason === "refused" ? ["title", "name"].find((name) => typeof fields[name] === "string") : undefined;
  const mine = () => void copy?.keepMine(issue, correctable !== undefined && text !== null ? { [correctable]: text.trim() } : {});
  return (
    <li class="issue">
      <h3>{nameOf(issue)}</h3>
      <p>{reasonOf(issue)}</p>
      {both.length > 0 && (
        <table class="both">
          <thead>
            <tr>
              <th scope="col">
                <span class="sr">Field</span>
              </th>
              <th scope="col">Yours</th>
              <th scope="col">Theirs</th>
            </tr>
          </thead>
          <tbody>
            {both.map(([name, yours, theirs]) => (
              <tr key={name}>
                <th scope="row">{sayFieldName(name)}</th>
                <td>{sayValue(name, yours)}</td>
                <td>{sayValue(name, theirs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {correctable !== undefined && (
        <label class="field">
          <span>{sayFieldName(correctable)}</span>
          <input value={text ?? String(fields[correctable])} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
      )}
      <div class="issue-buttons">
        {issue.reason !== "gone" && (
          <button type="button" class="primary" onClick={mine}>
            {issue.reason === "refused" ? "Try again" : "Keep mine"}
          </button>
        )}
        {issue.reason === "conflict" ? (
          <button type="button" class="plain" onClick={() => void copy?.takeTheirs(issue)}>
            Take theirs
          </button>
        ) : null}
        <button type="button" class="plain" onClick={() => void copy?.discard(issue)}>
          Discard {issue.reason === "conflict" ? "all of mine" : "mine"}
        </button>
      </div>
    </li>
  );
}

/** Returns the fields that two have changed, or that are to go over what others did: name, yours, theirs. */
function rowsOf({ reason, problem }: Issue, fields: Record<string, unknown>): [string, unknown, unknown][] {
  if (reason === "conflict") return Object.entries(problem?.conflicts ?? {}).map(([name, { yours, current }]) => [name, yours, current]);
  const current: Record<string, unknown> = { ...problem?.current };
  return reason === "changed" ? Object.entries(fields).map(([name, yours]) => [name, yours, current[name]]) : [];
}
