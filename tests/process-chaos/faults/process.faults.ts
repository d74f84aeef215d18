import { setTimeout as delay } from 'node:timers/promises';
import type { FailpointName } from '@parley/platform/failpoints/failpoint-names.js';
import type { PartName } from '../../running/part.js';
import type { World } from '../world/world.js';
import type { Fault, Injection } from './fault.js';

/** Longer than a lease of a worker in these runs (1.5 s), so that whoever wakes up after it is a zombie. */
const LONGER_THAN_A_LEASE_MS = 3_000;

const HOUR_MS = 3_600_000;

/** A process that kills itself at a place, the n-th time it comes there. */
const dies = (part: PartName, failpoint: FailpointName, nth: number, index?: number): Injection => ({
  what: `${failpoint}=kill@${nth}`,
  target: part,
  arming: { part, failpoints: `${failpoint}=kill@${nth}`, ...(index !== undefined && { index }) },
});

/** A process that is killed from outside, wherever it is. */
const killed = (part: PartName, index: number, signal: NodeJS.Signals = 'SIGKILL'): Injection => ({
  what: signal,
  target: `${part}-${index + 1}`,
  inject: async ({ parts }) => void (await parts.one(part, index).end(signal)),
});

async function stopped({ parts }: World, part: PartName, index: number, ms: number): Promise<void> {
  const target = parts.one(part, index);
  target.signal('SIGSTOP');
  await delay(ms);
  target.signal('SIGCONT');
}

/** Faults of Parley's own processes. */
export const processFaults: readonly Fault[] = [
  {
    id: 'K1',
    what: 'a gateway is killed before a command has left it',
    plan: (draw) => draw.pick([dies('gateway', 's1.before_dispatch', draw.between(10, 60)), killed('gateway', 0)]),
  },
  {
    id: 'K2',
    what: 'a command side is killed when facts are written and nobody was told; or a gateway with the answer in its hands',
    plan: (draw) =>
      draw.pick([
        dies('command', draw.pick(['s3.after_commit', 's3.after_append', 's4.before_answer'] as const), draw.between(10, 60)),
        dies('command', draw.pick(['s2.after_bind', 's3.before_commit'] as const), draw.between(10, 60)),
        dies('gateway', 's4.after_dispatch', draw.between(10, 60)),
        killed('command', draw.between(0, 1)),
      ]),
  },
  {
    id: 'K5',
    what: 'a worker is killed at one of the steps of a generation',
    plan: (draw) => {
      const steps = ['s5.before_claim', 's5.after_claim', 's6.before_attempt', 's6.after_attempt', 's7.before_call', 's8.first_chunk', 's7.after_call', 's9.before_complete', 's9.after_complete', 's9.before_lease_end'] as const;
      return draw.pick([
        dies('runtime', draw.pick(steps), draw.between(3, 15)),
        dies('runtime', draw.pick(['s8.chunk', 's8.before_publish', 's8.after_publish'] as const), draw.between(50, 400)),
        dies('command', draw.pick(['s5.before_react', 's5.after_react'] as const), draw.between(5, 30)),
        killed('runtime', draw.between(0, 1)),
      ]);
    },
  },
  {
    id: 'K6',
    what: 'a worker is stopped for longer than its leases, and wakes up as a zombie',
    plan: (draw) => {
      const index = draw.between(0, 1);
      return { what: `SIGSTOP ${LONGER_THAN_A_LEASE_MS} ms`, target: `runtime-${index + 1}`, inject: (world) => stopped(world, 'runtime', index, LONGER_THAN_A_LEASE_MS) };
    },
  },
  {
    id: 'K7',
    what: 'the relay is killed around a send or a checkpoint, or stopped for longer than its lease',
    plan: (draw) => {
      const index = draw.between(0, 1);
      return draw.pick([
        dies('relay', draw.pick(['s10.before_send', 's10.after_send', 's11.before_checkpoint', 's11.after_checkpoint'] as const), draw.between(5, 40)),
        killed('relay', index),
        { what: 'SIGSTOP 7000 ms', target: `relay-${index + 1}`, inject: (world) => stopped(world, 'relay', index, 7_000) },
      ]);
    },
  },
  {
    id: 'K10',
    what: 'a projector is killed around its transaction; or members of the group come and go',
    plan: (draw) =>
      draw.pick([
        dies('projector', draw.pick(['s12.before_fold', 's13.before_commit', 's13.after_commit'] as const), draw.between(5, 40)),
        killed('projector', draw.between(0, 1)),
        {
          what: 'SIGTERM and back, twice',
          target: 'projector-2',
          inject: async ({ parts }) => {
            const member = parts.one('projector', 1);
            for (let times = 0; times < 2; times++) {
              if (member.isRunning) await member.end('SIGTERM');
              await delay(2_000);
            }
          },
        },
      ]),
  },
  {
    id: 'K15',
    what: 'a consumer is slow: each batch of the projectors, or each piece of text, takes its time',
    plan: (draw) => {
      const [part, failpoints] = draw.pick([['projector', 's12.before_fold=delay:150'], ['runtime', 's8.before_publish=delay:60%0.5'], ['gateway', 's14.before_read=delay:150%0.5']] as const);
      return { what: failpoints, target: part, arming: { part, failpoints } };
    },
  },
  {
    id: 'K21',
    what: 'the clock of a process goes wrong by five minutes or an hour, forwards or backwards, and right again',
    plan: (draw) => {
      const part = draw.pick(['gateway', 'command', 'runtime', 'projector', 'relay'] as const);
      const clockMs = draw.pick([-HOUR_MS, -HOUR_MS / 12, HOUR_MS / 12, HOUR_MS]);
      return {
        what: `${clockMs / 60_000} min for 4 s`,
        target: `${part}-1`,
        inject: async ({ parts }) => {
          const target = parts.one(part, 0);
          parts.order(target, { clockMs });
          await delay(4_000);
          parts.order(target, {});
        },
      };
    },
  },
  {
    id: 'K39',
    what: 'a gateway runs out of memory',
    plan: () => ({
      what: '--max-old-space-size=256, then more than that is held',
      target: 'gateway-1',
      arming: { part: 'gateway', index: 0, nodeOptions: '--max-old-space-size=256' },
      inject: async ({ parts }) => {
        const target = parts.one('gateway', 0);
        const { exited } = target;
        parts.order(target, { fillsMemory: true });
        await exited;
      },
    }),
  },
  {
    id: 'K40',
    what: 'every process is asked to end, one after the other, and started again: a deployment',
    plan: (draw) => {
      const order = draw.shuffled(['command', 'relay', 'projector', 'runtime', 'gateway'] as const);
      return {
        what: `SIGTERM: ${order.join(', ')}`,
        target: 'all parts',
        inject: async ({ parts }) => {
          for (const part of order.flatMap((name) => parts.of(name))) {
            if (part.isRunning) await part.end('SIGTERM');
            await delay(500);
          }
        },
      };
    },
  },
];
