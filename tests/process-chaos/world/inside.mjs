// Loaded into a part before anything else (`node --import`). What the file PARLEY_CHAOS_ORDERS says, it does: shift the clock, fill the memory.
import { readFileSync } from 'node:fs';

const LOOK_MS = 200;
const file = process.env.PARLEY_CHAOS_ORDERS;
const Real = Date;
let offsetMs = 0;
const hoard = [];

const now = () => Real.now() + offsetMs;
globalThis.Date = new Proxy(Real, {
  construct: (target, args, asked) => Reflect.construct(target, args.length === 0 ? [now()] : args, asked === globalThis.Date ? target : asked),
  apply: () => new Real(now()).toString(),
  get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
});

function look() {
  let orders;
  try {
    orders = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return; // there are none, or they are just being written
  }
  offsetMs = orders.clockMs ?? 0;
  if (orders.fillsMemory) for (;;) hoard.push(Array.from({ length: 100_000 }, () => Math.random()));
}

if (file) {
  look();
  setInterval(look, LOOK_MS).unref();
}
