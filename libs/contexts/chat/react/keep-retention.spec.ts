import type { Fact } from '@parley/kernel/event.js';
import { meta, now, personId, tenantId } from '@parley/platform/testing/meta.js';
import { recorded } from '@parley/platform/testing/recorded.js';
import { KeepRetentionRule } from '../domain/retention.commands.js';
import { RetentionRuleSet } from '../domain/retention.events.js';
import { keepRetention } from './keep-retention.reactor.js';

const rule = RetentionRuleSet({ tenantId, kind: 'conversations', afterDays: 90, setBy: personId, setAt: now });
const react = () => keepRetention.on.RetentionRuleSet!(recorded([rule])[0] as Fact<typeof rule>, () => meta);

it('a rule that was set is kept for the scheduler, and the second time by the same command', () => {
  expect(react()).toEqual([new KeepRetentionRule({ kind: 'conversations', afterDays: 90 }, meta)]);
  expect(react()).toEqual(react());
});
