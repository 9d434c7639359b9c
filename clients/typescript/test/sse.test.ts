import assert from "node:assert/strict";
import { test } from "node:test";
import { EventParser } from "../src/sse.ts";

const stream = 'retry: 3997\r\nevent: hello\ndata: {"rev":3}\nid: 3\n\n: beat\n\nevent: created\ndata: a\ndata:b\nid: 4\n\ndata\n\nevent: cut';

test("events are the same however the text is cut", () => {
  const want = [
    { event: "hello", data: '{"rev":3}' },
    { event: "created", data: "a\nb" },
    { event: "message", data: "" },
  ];
  for (let size = 1; size <= stream.length; size++) {
    const parser = new EventParser();
    const got = [];
    for (let at = 0; at < stream.length; at += size) got.push(...parser.push(stream.slice(at, at + size)));
    assert.deepEqual(got, want, `in pieces of ${size}`);
    assert.equal(parser.retry, 3997);
  }
});
