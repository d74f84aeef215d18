import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** One broken rule a line: the rule, the file that breaks it, what the file says. */
const violations: [rule: string, file: string, content: string][] = [
  ['no-circles', 'libs/kernel/circle.ts', "import './circle.js';"],
  ['everything-resolves', 'libs/platform/cqrs/lost.ts', "import '@parley/nowhere/at-all.js';"],
  ['no-junk-drawers', 'libs/platform/utils/planted.ts', "import '../clock/clock.js';"],
  ['kernel-stands-alone', 'libs/kernel/planted.ts', "import '@nestjs/common';"],
  ['platform-knows-no-context', 'libs/platform/cqrs/planted.ts', "import '@parley/chat/contract.js';"],
  ['domain-is-pure', 'libs/contexts/chat/domain/planted.ts', "import 'node:fs';"],
  ['projections-are-pure', 'libs/contexts/chat/read/planted.projection.ts', "import 'pg';"],
  ['read-does-not-write', 'libs/contexts/chat/read/planted.ts', "import '../domain/conversation.commands.js';"],
  ['write-does-not-read', 'libs/contexts/chat/write/planted.ts', "import '../read/planted.js';"],
  ['react-sends-commands', 'libs/contexts/chat/react/planted.ts', "import '../read/planted.js';"],
  ['api-does-not-decide', 'libs/contexts/chat/api/planted.ts', "import '../write/planted.js';"],
  ['contexts-meet-at-contracts', 'libs/contexts/usage/react/planted.ts', "import '@parley/chat/domain/conversation.events.js';"],
  ['an-sdk-stays-in-its-provider', 'libs/contexts/inference/runtime/planted.ts', "import 'openai';"],
  ['eventstoredb-stays-in-its-adapter', 'libs/platform/event-store/planted.ts', "import '@eventstore/db-client';"],
  ['a-broker-stays-behind-its-port', 'libs/platform/event-log/planted.ts', "import 'kafkajs';"],
  ['apps-compose-modules', 'apps/standalone/planted.ts', "import '@parley/chat/domain/conversation.events.js';"],
  ['the-verifier-stands-alone', 'libs/platform/verifier/planted.mjs', "import '../clock/clock.js';"],
  ['product-needs-no-test-code', 'libs/platform/clock/planted.ts', "import '../testing/meta.js';"],
  ['the-checker-believes-folds-alone', 'tests/process-chaos/checker/planted.ts', "import '@parley/platform/read-model/history.js';"],
];

const house = mkdtempSync(join(tmpdir(), 'parley-architecture-'));
afterAll(() => rmSync(house, { recursive: true }));

it('each house rule catches what breaks it', () => {
  for (const part of ['apps', 'libs', 'tests/process-chaos', 'tsconfig.json', 'package.json', '.dependency-cruiser.cjs']) cpSync(part, join(house, part), { recursive: true });
  symlinkSync(join(process.cwd(), 'node_modules'), join(house, 'node_modules'));
  for (const [, file, content] of violations) {
    mkdirSync(dirname(join(house, file)), { recursive: true });
    writeFileSync(join(house, file), content);
  }
  expect(caught()).toEqual(violations.map(([rule, file]) => `${rule}: ${file}`).sort());
});

it('each house rule is tried', () => {
  const rules = [...readFileSync('.dependency-cruiser.cjs', 'utf8').matchAll(/error\(\s*'([^']+)'/g)].map(([, name]) => name);
  expect(violations.map(([rule]) => rule)).toEqual(rules);
});

function caught(): string[] {
  const output = execFileSync('node_modules/.bin/depcruise', ['apps', 'libs', 'tests/process-chaos/checker', '--output-type', 'json'], {
    cwd: house,
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const { summary } = JSON.parse(output) as { summary: { violations: { from: string; rule: { name: string } }[] } };
  const planted = new Set(violations.map(([, file]) => file));
  return summary.violations.filter(({ from }) => planted.has(from)).map(({ from, rule }) => `${rule.name}: ${from}`).sort();
}
