import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { INSPECTED, liveHeapMiB } from './live-heap.js';

/** Makes so many MiB of objects, and holds on to the first of them. */
const PROGRAM = `
  const make = (mib) => Array.from({ length: mib }, () => Array.from({ length: 131_072 }, (_, n) => n + 0.5));
  const held = make(Number(process.argv[1]));
  make(Number(process.argv[2]));
  console.log('made');
  setInterval(() => held.length, 1_000);
`;

async function heapOf(held: number, left: number): Promise<number> {
  const child = spawn(process.execPath, ['-e', PROGRAM, `${held}`, `${left}`], { env: { ...process.env, ...INSPECTED }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  try {
    await once(child.stdout, 'data');
    return await liveHeapMiB(said);
  } finally {
    child.kill();
  }
}

it('is what a process holds on to, whatever it left behind', async () => {
  const [little, garbage, held] = [await heapOf(0, 0), await heapOf(0, 40), await heapOf(40, 0)];
  expect(Math.abs(garbage - little)).toBeLessThan(2);
  expect(held - little).toBeGreaterThan(38);
});

it('is not known of a process without an inspector', () => expect(liveHeapMiB('hello')).rejects.toThrow('not started with an inspector'));
