"use client";

import Link from "next/link";
import { type FormEvent, useState, useSyncExternalStore } from "react";
import { authClient } from "@/lib/auth-client";

const words = {
  "sign-in": { title: "Sign in", password: "current-password", other: "/sign-up", question: "New here?", link: "Create an account" },
  "sign-up": { title: "Create an account", password: "new-password", other: "/sign-in", question: "Been here before?", link: "Sign in" },
};

export function AuthForm({ mode }: { mode: "sign-in" | "sign-up" }) {
  const { title, password, other, question, link } = words[mode];
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  // False in the HTML that the server sends, true once this code runs. Before that, the form could do nothing.
  const running = useSyncExternalStore(() => () => {}, () => true, () => false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setBusy(true);
    setError("");
    const form = new FormData(event.currentTarget);
    const value = (name: string) => String(form.get(name));
    const answer =
      mode === "sign-up"
        ? authClient.signUp.email({ name: value("name"), email: value("email"), password: value("password") })
        : authClient.signIn.email({ email: value("email"), password: value("password") });
    const { error } = await answer.catch(() => ({ error: { message: "The server can’t be reached." } }));
    if (!error) {
      window.location.assign("/"); // loads the page anew, so that nothing of an earlier user is left in it
      return;
    }
    setError(error.message || "That did not work. Try again in a moment.");
    setBusy(false);
  }

  return (
    <main className="auth">
      <h1>{title}</h1>
      <form method="post" onSubmit={submit} className="card">
        <fieldset disabled={!running}>
          {mode === "sign-up" && (
            <label>
              Name
              <input name="name" autoComplete="name" required />
            </label>
          )}
          <label>
            Email
            <input name="email" type="email" autoComplete="email" required />
          </label>
          <label>
            Password
            <input name="password" type="password" autoComplete={password} minLength={mode === "sign-up" ? 8 : undefined} required />
          </label>
          {error && (
            <p role="alert" className="error">
              {error}
            </p>
          )}
          <button className="primary" disabled={busy}>
            {title}
          </button>
        </fieldset>
      </form>
      <p className="quiet">
        {question} <Link href={other}>{link}</Link>
      </p>
    </main>
  );
}
