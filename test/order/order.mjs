// Does with fractional-indexing what internal/todo/order_heavy_test.go does with the keys of todod. It reads
// {"order": [id, …], "moves": [{"id": id, "at": index in the list without it}, …]} and prints the order after each move.

import { text } from 'node:stream/consumers';
import { generateKeyBetween, generateNKeysBetween } from 'fractional-indexing';

const { order, moves } = JSON.parse(await text(process.stdin));
const firstKeys = generateNKeysBetween(null, null, order.length);
let objects = order.map((id, i) => ({ id, key: firstKeys[i] }));
const orders = [];
for (const { id, at } of moves) {
  objects = objects.filter((object) => object.id !== id);
  objects.push({ id, key: generateKeyBetween(objects[at - 1]?.key ?? null, objects[at]?.key ?? null) });
  objects.sort((a, b) => (a.key < b.key ? -1 : 1));
  orders.push(objects.map((object) => object.id));
}
console.log(JSON.stringify(orders));
