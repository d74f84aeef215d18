import { z } from 'zod';
import { defineConfig, InvalidConfig } from '../config/config.js';
import type { LiveChunks } from './live-chunks.js';
import { MemoryLiveChunks } from './memory.live-chunks.js';

export const liveConfig = defineConfig({
  PARLEY_LIVE_URL: z.string().default('memory:').describe('where the chunks of replies under way are: memory: (one process)'),
});

/** The adapter that the URL's scheme names. @throws InvalidConfig when there is none */
export function openLiveChunks(url = liveConfig.read().PARLEY_LIVE_URL): LiveChunks {
  if (url === 'memory:') return new MemoryLiveChunks();
  throw new InvalidConfig('PARLEY_LIVE_URL: knows memory: alone');
}
