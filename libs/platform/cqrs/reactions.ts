import type { Command } from '@parley/kernel/command.js';
import type { Event, Fact } from '@parley/kernel/event.js';
import type { Meta } from '@parley/kernel/meta.js';
import type { React, Reactor } from '@parley/kernel/reactor.js';

/**
 * The commands that follow from a fact. Their ids follow from the fact and the reactor, so the second time they change nothing.
 *
 * @param now instant of the reaction
 * @returns none when the reactor does not name this type of fact
 * @throws Error when two commands have one id: the second would be taken for a repeat of the first
 */
export function reactionsOf(reactor: Reactor, fact: Fact, now: Date): readonly Command[] {
  const react = (reactor.on as Record<string, React<Event> | undefined>)[fact.type];
  if (!react) return [];
  const commands = react(fact, (index = 0) => metaOf(reactor, fact, index, now));
  if (new Set(commands.map(({ meta }) => meta.commandId)).size < commands.length) throw new Error(`${reactor.name}: number the commands of ${fact.type}: meta(0), meta(1) …`);
  return commands;
}

function metaOf({ name }: Reactor, { eventId, meta }: Fact, index: number, now: Date): Meta {
  return {
    tenantId: meta.tenantId,
    actor: { kind: 'system', id: name, role: 'system' },
    now: now.toISOString(),
    commandId: `react:${name}:${eventId}:${index}`,
    correlationId: meta.correlationId,
    causationId: eventId,
    ...(meta.traceparent !== undefined && { traceparent: meta.traceparent }),
  };
}
