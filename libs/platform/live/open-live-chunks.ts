import { z } from 'zod';
import { defineConfig, InvalidConfig } from '../config/config.js';
import type { LiveChunks } from './live-chunks.js';
import { MemoryLiveChunks } from './memory.live-chunks.js';
import { RedisLiveChunks } from './redis.live-chunks.js';

export const liveConfig = defineConfig({
  PARLEY_LIVE_URL: z.string().default('memory:').describe('where the chunks of replies under way are: `memory:` (one process), `redis://[user:password@]host:port` or `rediss://…` (across processes)'),
});

/** The adapter that the URL's scheme names. @throws InvalidConfig when there is none */
export function openLiveChunks(url = liveConfig.read().PARLEY_LIVE_URL): LiveChunks {
  if (url === 'memory:') return new MemoryLiveChunks();
  if (/^rediss?:\/\/./.test(url) && URL.canParse(url)) return new RedisLiveChunks(url);
  throw new InvalidConfig('PARLEY_LIVE_URL: is neither memory: nor redis://host:port nor rediss://host:port');
}
