// What orval makes: functions over fetch that take the described headers, too.
module.exports = {
  todod: {
    input: process.env.OPENAPI_DOCUMENT,
    output: {
      target: "generated/orval.ts",
      client: "fetch",
      headers: true,
      override: { mutator: { path: "clients/orval-fetch.ts", name: "send" } },
    },
  },
};
