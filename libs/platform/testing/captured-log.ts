import pino from 'pino';
import { rootLogger } from '../telemetry/logger.js';

/** Takes the lines of the log instead of printing them, from here on in this process. */
export function capturedLog(): { readonly lines: readonly Record<string, unknown>[]; readonly text: () => string } {
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  Object.assign(rootLogger, { [pino.symbols.streamSym]: stream });
  return { lines, text: () => JSON.stringify(lines) };
}
