import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from './free-port.js';

const LISTS = `import { freePort } from ${JSON.stringify(join(process.cwd(), 'tests/running/free-port.js'))}; const ports = []; while (ports.length < 700) ports.push(await freePort()); console.log(JSON.stringify(ports)); setTimeout(() => undefined, 5_000);`;

it('is given to one alone, in this process and in others', async () => {
  const children = [0, 1, 2].map(() => spawn(process.execPath, ['--input-type=module', '-e', LISTS], { stdio: ['ignore', 'pipe', 'inherit'] }));
  const lists = await Promise.all(children.map(async ({ stdout }) => JSON.parse(((await once(stdout, 'data')) as [Buffer])[0].toString()) as number[]));
  const own = [];
  while (own.length < 200) own.push(await freePort());
  for (const child of children) child.kill();
  const all = [...lists.flat(), ...own];
  expect(all).toHaveLength(2_300);
  expect(new Set(all).size).toBe(all.length);
});
