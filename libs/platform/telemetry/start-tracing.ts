import { setTimeout as delay } from 'node:timers/promises';
import { tracingConfig } from './telemetry.config.js';
import { turnTracingOn } from './tracing.js';

/** How long the last spans may take to get out when we stop. */
const FLUSH_MS = 3_000;

/**
 * Sends spans to the collector that the environment names; without one it does nothing. The other variables of OpenTelemetry count too
 * (headers, protocol, sampler). A collector that is away costs spans and nothing else.
 *
 * @param part name of the process
 * @returns sends what is left
 */
export async function startTracing(part: string): Promise<() => Promise<void>> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: serviceName } = tracingConfig.read();
  if (endpoint === undefined) return async () => undefined;
  const { NodeSDK } = await import('@opentelemetry/sdk-node'); // a second of work that nobody else has to wait for
  const sdk = new NodeSDK({ serviceName: serviceName ?? `parley-${part}`, metricReaders: [], logRecordProcessors: [] }); // metrics are scraped, logs go to stdout
  sdk.start();
  turnTracingOn();
  return async () => {
    await Promise.race([sdk.shutdown().catch(() => undefined), delay(FLUSH_MS, undefined, { ref: false })]);
  };
}
