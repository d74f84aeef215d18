import { Injectable } from '@nestjs/common';
import { logger } from '../telemetry/logger.js';

/** `degraded`: it serves, but a person should look; traffic still comes. */
export type HealthStatus = 'up' | 'degraded' | 'down';

export interface HealthResult {
  readonly status: HealthStatus;
  /** Shown to anybody: counts and names of ours, never an address, a message of an error, or a tenant's data. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** One thing that the process needs: a database, a projection. */
export interface HealthCheck {
  readonly name: string;
  /** When it throws or takes longer than two seconds, the thing is down. */
  check(): Promise<HealthResult>;
}

export interface HealthReport {
  readonly status: HealthStatus;
  readonly checks: Readonly<Record<string, HealthResult>>;
}

const TIMEOUT_MS = 2_000;
const log = logger('health');

/** What the process needs, and how it is. Whoever owns a dependency adds its check when their module starts. */
@Injectable()
export class HealthChecks {
  private readonly checks: HealthCheck[] = [];
  private isStopping = false;

  add(check: HealthCheck): void {
    this.checks.push(check);
  }

  async report(): Promise<HealthReport> {
    const results = await Promise.all(this.checks.map(async (check) => [check.name, await resultOf(check)] as const));
    if (this.isStopping) results.push(['process', { status: 'down', details: { reason: 'stopping' } }]);
    const statuses = results.map(([, { status }]) => status);
    const status = statuses.includes('down') ? 'down' : statuses.includes('degraded') ? 'degraded' : 'up';
    return { status, checks: Object.fromEntries(results) };
  }

  /** Says from now on that the process is not ready. To be called before anything else of it is stopped, so that nobody is sent here any more. */
  stopping(): void {
    this.isStopping = true;
  }
}

async function resultOf(one: HealthCheck): Promise<HealthResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<HealthResult>((resolve) => {
    timer = setTimeout(() => resolve({ status: 'down', details: { reason: 'timeout' } }), TIMEOUT_MS);
  });
  try {
    return await Promise.race([one.check(), late]);
  } catch (error) {
    log.warn('health.check-failed', { check: one.name, error: error as Error });
    return { status: 'down', details: { reason: 'error' } };
  } finally {
    clearTimeout(timer);
  }
}
