import { betterAuth } from "better-auth";
import { jwt } from "better-auth/plugins";
import { headers } from "next/headers";
import { openDatabase } from "./database";

/** Better Auth, made when it is first used: a build needs neither its secret nor its database. */
export function auth() {
  return (made ??= make());
}

let made: ReturnType<typeof make> | undefined;

function make() {
  return betterAuth({
    // Tokens carry this address as issuer and audience. todod wants to find its own BETTER_AUTH_URL there.
    baseURL: process.env.BETTER_AUTH_URL ?? "http://localhost:3000",
    secret: process.env.BETTER_AUTH_SECRET,
    database: openDatabase(),
    emailAndPassword: { enabled: true },
    plugins: [
      // The integration, on the server: /api/auth/token makes a token for whoever has a session, and /api/auth/jwks has
      // the public keys with which todod checks it.
      jwt({
        jwt: {
          expirationTime: process.env.JWT_EXPIRES_IN ?? "15m",
          // Without this, all that is known of the user would be in the token.
          definePayload: ({ user }) => ({ email: user.email, name: user.name }),
        },
      }),
    ],
    telemetry: { enabled: false },
  });
}

/** Returns who is signed in, on the server, while it makes a page. */
export async function currentUser() {
  const requestHeaders = await headers();
  const session = await auth().api.getSession({ headers: requestHeaders });
  return session?.user;
}
