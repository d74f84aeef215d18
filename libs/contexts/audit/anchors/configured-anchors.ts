import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { defineConfig } from '@parley/platform/config/config.js';
import { z } from 'zod';
import { Anchors } from './anchor.js';
import { FileAnchor } from './file/file.anchor.js';

export const anchorsConfig = defineConfig({
  PARLEY_AUDIT_ANCHOR_FILE: z.string().min(1).optional().describe('file outside the database that each signed head is added to; by default `audit-heads.jsonl` in the data folder'),
});

/** The anchors that the environment names. @param dataDir where heads are kept when it names none */
export function configuredAnchors(dataDir?: string, env?: Readonly<Record<string, string | undefined>>): Anchors {
  const file = anchorsConfig.read(env).PARLEY_AUDIT_ANCHOR_FILE ?? (dataDir && join(dataDir, 'audit-heads.jsonl'));
  if (!file) return new Anchors([]);
  mkdirSync(dirname(file), { recursive: true });
  return new Anchors([new FileAnchor(file)]);
}
