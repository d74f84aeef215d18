import { setTimeout as delay } from 'node:timers/promises';
import { defineError } from '@parley/kernel/domain-error.js';
import { Redis } from 'ioredis';
import { logger } from '../telemetry/logger.js';

/** For how long a command is tried again while Redis is away, counted from when it went: nobody's reply waits longer for it. */
const PATIENCE_MS = 2_000;
const RETRY_MS = 25;

/** A server that says nothing for this long, though asked, is taken for hung. Longer than a reader blocks. */
const SILENCE_MS = 1_500;

const log = logger('live');

/** Redis does not answer. What was to be published is lost to those who watch; the stored reply has it all. */
export class LiveChunksUnavailable extends defineError('LIVE_CHUNKS_UNAVAILABLE', 'unavailable', 'Replies cannot be watched at present.', 'Ask for the reply when it is done.') {}

/** Connections to one Redis, and how it is. */
export class RedisConnection {
  /** For what is answered at once. Commands of one tick travel together. */
  readonly redis: Redis;
  private readonly others: Redis[] = [];
  private awaySince: number | undefined;

  /** @param url `redis://[user:password@]host[:port][/database]`, `rediss://…` for TLS */
  constructor(private readonly url: string) {
    this.redis = this.connect({ enableAutoPipelining: true });
    this.redis.on('ready', () => {
      if (this.awaySince !== undefined) log.info('redis.back', { awayMs: Math.round(performance.now() - this.awaySince) });
      this.awaySince = undefined;
    });
    this.redis.on('close', () => this.isAway());
  }

  /** A connection for commands that wait for something to come. */
  blocking(): Redis {
    const redis = this.connect({});
    this.others.push(redis);
    return redis;
  }

  /** Tries until Redis has answered or was away for too long. @throws LiveChunksUnavailable; what Redis itself refuses, e.g. for want of memory */
  async ask<Answer>(command: (redis: Redis) => Promise<Answer>): Promise<Answer> {
    for (;;) {
      try {
        return await command(this.redis);
      } catch (error) {
        if (isRefusal(error) || this.redis.status === 'end') throw error;
        if (performance.now() - this.isAway() > PATIENCE_MS) throw new LiveChunksUnavailable({}, { cause: error });
        await delay(RETRY_MS);
      }
    }
  }

  async isUp(): Promise<boolean> {
    return this.redis.status === 'ready' && (await this.redis.ping()) === 'PONG';
  }

  close(): void {
    for (const redis of [this.redis, ...this.others]) redis.disconnect();
  }

  /** @returns since when */
  private isAway(): number {
    if (this.awaySince === undefined && this.redis.status !== 'end') log.warn('redis.away');
    return (this.awaySince ??= performance.now());
  }

  private connect(options: { enableAutoPipelining?: boolean }): Redis {
    const redis = new Redis(this.url, {
      ...options,
      enableOfflineQueue: false, // what waits, waits with us, and not for ever
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0, // what was under way when the connection went is refused, not left hanging
      connectTimeout: 1_000,
      socketTimeout: SILENCE_MS,
      retryStrategy: (times) => Math.min(25 * times, 500),
    });
    redis.on('error', () => undefined); // each command says so where it is awaited
    return redis;
  }
}

/** Redis has answered, and said no. A server that is loading its data, or is not the master, is as good as away. */
export const isRefusal = (error: unknown): boolean => error instanceof Error && error.name === 'ReplyError' && !/^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN)/.test(error.message);
