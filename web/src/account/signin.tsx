import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { TododError } from "todod-client";
import { Icon } from "../ui/icons.tsx";
import { explain, register, type Remembered, sentence, signIn } from "./session.ts";

/** The page on which people sign in, or make an account. `known` is whose session has ended, for it to go on. */
export function SignIn(props: { known: Remembered | null; onSigned: (person: Remembered) => void; onOther?: () => void }): JSX.Element {
  const { known, onSigned, onOther } = props;
  const [fresh, setFresh] = useState(false);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const [name, email, password] = ["name", "email", "password"].map((field) => String(data.get(field) ?? "")) as [string, string, string];
    setBusy(true);
    setWrong("");
    try {
      const signed = fresh ? await register(name.trim(), email.trim(), password) : await signIn(email.trim(), password);
      if (signed.token === null) setWrong(sentence(signed.message ?? "Look for our mail, and confirm your address"));
      else onSigned(signed.user);
    } catch (error) {
      setWrong(problemText(error));
    }
    setBusy(false);
  };
  return (
    <main class="door">
      <form class="card" onSubmit={submit} aria-labelledby="door-title">
        <span class="brand">
          <span class="brand-mark">
            <Icon name="check" size={22} />
          </span>
          todod
        </span>
        <h1 id="door-title">{known ? "Welcome back" : fresh ? "Make an account" : "Sign in"}</h1>
        <p class="door-lead">
          {known ? "Your session has ended. What you did here is kept, and sent once you’re signed in." : "Your tasks, here and everywhere, with a connection or without."}
        </p>
        {fresh && (
          <label class="field">
            <span>Name</span>
            <input name="name" autocomplete="name" required maxLength={100} />
          </label>
        )}
        <label class="field">
          <span>Email address</span>
          <input name="email" type="email" autocomplete="username" required defaultValue={known?.email ?? ""} readOnly={known !== null} />
        </label>
        <label class="field">
          <span>Password</span>
          <input
            name="password"
            type="password"
            autocomplete={fresh ? "new-password" : "current-password"}
            required
            minLength={fresh ? 8 : 1}
            maxLength={128}
            aria-describedby={fresh ? "password-hint" : undefined}
          />
          {fresh && <small id="password-hint">At least 8 characters.</small>}
        </label>
        <p class="wrong" role="alert">
          {wrong}
        </p>
        <button type="submit" class="primary" disabled={busy}>
          {busy ? "One moment…" : fresh ? "Make an account" : "Sign in"}
        </button>
        {known ? (
          <button type="button" class="link" onClick={onOther}>
            Use another account
          </button>
        ) : (
          <button
            type="button"
            class="link"
            onClick={() => {
              setFresh(!fresh);
              setWrong("");
            }}
          >
            {fresh ? "I have an account" : "I’m new here"}
          </button>
        )}
      </form>
    </main>
  );
}

/** Returns what a failed sign-in tells, with each field that is at fault. */
function problemText(error: unknown): string {
  const fields = error instanceof TododError && error.status === 400 ? (error.problem?.errors ?? []) : [];
  return fields.length > 0 ? fields.map(({ message }) => sentence(message)).join(" ") : explain(error);
}
