/** Runs once when the server starts: makes or updates Better Auth's tables, so that there is nothing to set up. */
export async function register() {
  if (process.env.NEXT_RUNTIME !== "nodejs") return;
  const { auth } = await import("./lib/auth");
  const { getMigrations } = await import("better-auth/db/migration");
  const { runMigrations } = await getMigrations(auth().options);
  await runMigrations();
}
