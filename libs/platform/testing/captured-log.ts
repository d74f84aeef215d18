import pino from 'pino';
import { rootLogger } from '../telemetry/logger.js';

const lines: Record<string, unknown>[] = [];

/** Takes the lines of the log instead of printing them, from the first call on and for the whole of a spec file. */
export function capturedLog(): { readonly lines: readonly Record<string, unknown>[]; readonly text: () => string } {
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  Object.assign(rootLogger, { [pino.symbols.streamSym]: stream });
  return { lines, text: () => JSON.stringify(lines) };
}
