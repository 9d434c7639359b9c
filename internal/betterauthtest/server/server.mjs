// Runs the real Better Auth for todod's tests: one instance for each way of setting it up, all in this process, each on a
// free loopback port with a secret and users of its own, in memory.
//
// Once all listen, one line of JSON on standard output says where: {control, instances: {name: {url, api, secret, old}}}.
// api is where the routes begin, old a secret on its way out. The process ends when standard input does, or at SIGTERM.
import { createServer } from "node:http";
import { randomBytes } from "node:crypto";
import { memoryAdapter } from "@better-auth/memory-adapter";
import { betterAuth } from "better-auth";
import { toNodeHandler } from "better-auth/node";
import { bearer, jwt, twoFactor } from "better-auth/plugins";
import { SignJWT } from "jose";

// Each setup returns the options that are peculiar to its instance.
const setups = {
  default: () => ({ plugins: [jwt()] }),
  es256: () => ({ plugins: [jwt({ jwks: { keyPairConfig: { alg: "ES256" } } })] }),
  es512: () => ({ plugins: [jwt({ jwks: { keyPairConfig: { alg: "ES512" } } })] }),
  rs256: () => ({ plugins: [jwt({ jwks: { keyPairConfig: { alg: "RS256" } } })] }),
  ps256: () => ({ plugins: [jwt({ jwks: { keyPairConfig: { alg: "PS256" } } })] }),
  custom: () => ({ plugins: [jwt({ jwt: { issuer: "https://id.example.com", audience: "todo-api" } })] }),
  // A new key whenever a token is wanted and the last key is that many seconds old.
  rotating: () => ({ plugins: [jwt({ jwks: { rotationInterval: 0.5 } })] }),
  hs256: ({ secret }) => ({
    plugins: [
      jwt({
        jwks: { remoteUrl: "https://id.example.com/jwks.json", keyPairConfig: { alg: "EdDSA" } },
        jwt: {
          sign: (payload) =>
            new SignJWT(payload).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(new TextEncoder().encode(secret)),
        },
      }),
    ],
  }),
  // The session in a cookie, as a JWT under the shared secret.
  cookiecache: () => ({ plugins: [jwt()], session: { cookieCache: { enabled: true, strategy: "jwt" } } }),
  // The same under two secrets, the second of which is on its way out.
  secrets: ({ secret, old }) => ({
    secret: undefined,
    secrets: [
      { version: 2, value: secret },
      { version: 1, value: old },
    ],
    plugins: [jwt()],
    session: { cookieCache: { enabled: true, strategy: "jwt" } },
  }),
  // The cookie cache under the keys of the JWKS.
  signedcache: () => ({
    plugins: [jwt({ sessionCookieCache: true })],
    session: { cookieCache: { enabled: true, strategy: "jwt" } },
  }),
  // The other two ways of caching the session in a cookie.
  compact: () => ({ plugins: [jwt()], session: { cookieCache: { enabled: true, strategy: "compact" } } }),
  jwe: () => ({ plugins: [jwt()], session: { cookieCache: { enabled: true, strategy: "jwe" } } }),
  // Routes elsewhere than under /api/auth, and the keys elsewhere than at /jwks.
  elsewhere: () => ({ basePath: "/id", plugins: [jwt({ jwks: { jwksPath: "/.well-known/jwks.json" } })] }),
  // Claims of one's own: few, for several services, and one that means something else to todod.
  lean: () => ({ plugins: [jwt({ jwt: { definePayload: ({ user }) => ({ email: user.email, name: user.name }) } })] }),
  audiences: ({ url }) => ({ plugins: [jwt({ jwt: { audience: ["https://other.example.com", url] } })] }),
  typed: () => ({ plugins: [jwt({ jwt: { definePayload: ({ user }) => ({ email: user.email, type: "student" }) } })] }),
  // What todod carries sign-in out with.
  bearer: () => ({ plugins: [bearer(), jwt()] }),
  verified: ({ mails }) => ({
    plugins: [bearer(), jwt()],
    emailAndPassword: { enabled: true, requireEmailVerification: true },
    emailVerification: { sendVerificationEmail: async (mail) => keep(mails, "verification", mail) },
    user: {
      changeEmail: {
        enabled: true,
        sendChangeEmailConfirmation: async (mail) => keep(mails, "change", mail),
      },
    },
  }),
  twofactor: () => ({ plugins: [bearer(), jwt(), twoFactor({ skipVerificationOnEnable: true })] }),
  limited: () => ({ plugins: [bearer(), jwt()], rateLimit: { enabled: true } }),
};

// keep stores an e-mail instead of sending it.
function keep(mails, kind, { user, newEmail, url, token }) {
  mails.push({ kind, to: user.email, newEmail, url, token });
}

// open starts one instance on that port, 0 for any that is free, and resolves when it listens.
async function open(instance, port) {
  const { setup } = instance;
  const server = createServer((request, response) => instance.handler(request, response));
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  instance.server = server;
  if (instance.handler) return;
  instance.port = server.address().port;
  instance.url = `http://127.0.0.1:${instance.port}`;
  const options = {
    baseURL: instance.url,
    secret: instance.secret,
    database: memoryAdapter(instance.tables),
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { level: "error" },
    ...setup(instance),
  };
  instance.api = instance.url + (options.basePath ?? "/api/auth");
  const auth = betterAuth(options);
  await auth.$context;
  instance.handler = toNodeHandler(auth);
}

// close makes an instance unreachable: nobody listens, and no connection stays.
async function close(instance) {
  if (!instance.server) return;
  const closed = new Promise((resolve) => instance.server.close(resolve));
  instance.server.closeAllConnections();
  instance.server = undefined;
  await closed;
}

// control answers what tests ask about an instance: GET /name is what it holds, POST /name/stop and /name/start make it
// unreachable and reachable again, with all it held, and DELETE /name/sessions ends every session.
async function control(instances, request, response) {
  const [, name, action] = request.url.split("/");
  const instance = instances[name];
  const answer = (status, body) => {
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(body));
  };
  if (!instance) return answer(404, { message: `no instance ${name}` });
  switch (`${request.method} ${action ?? ""}`) {
    case "GET ": {
      const { user: users, session: sessions, jwks } = instance.tables;
      return answer(200, { mails: instance.mails, users, sessions, keys: jwks.map(({ id }) => id) });
    }
    case "POST stop":
      await close(instance);
      return answer(200, {});
    case "POST start":
      await open(instance, instance.port);
      return answer(200, {});
    case "DELETE sessions":
      instance.tables.session.length = 0;
      return answer(200, {});
    default:
      return answer(404, { message: "no such action" });
  }
}

const instances = {};
for (const [name, setup] of Object.entries(setups)) {
  instances[name] = {
    setup,
    secret: randomBytes(32).toString("base64url"),
    old: name === "secrets" ? randomBytes(32).toString("base64url") : undefined,
    mails: [],
    tables: { user: [], session: [], account: [], verification: [], jwks: [], twoFactor: [], rateLimit: [] },
  };
}
await Promise.all(Object.values(instances).map((instance) => open(instance, 0)));

const controller = createServer((request, response) => {
  control(instances, request, response).catch((error) => response.writeHead(500).end(String(error)));
});
await new Promise((resolve) => controller.listen(0, "127.0.0.1", resolve));

process.on("SIGTERM", () => process.exit(0));
process.stdin.on("end", () => process.exit(0)).resume();
process.stdout.write(
  JSON.stringify({
    control: `http://127.0.0.1:${controller.address().port}`,
    instances: Object.fromEntries(
      Object.entries(instances).map(([name, { url, api, secret, old }]) => [name, { url, api, secret, old }]),
    ),
  }) + "\n",
);
