import { Injectable } from '@nestjs/common';
import type { Counter } from 'prom-client';
import { logContext, logger } from '../telemetry/logger.js';
import { Metrics } from '../telemetry/metrics.js';
import { causeOf, isBug, showError, type ShownError } from './errors.js';
import { GatewaySettings } from './gateway.config.js';

const log = logger('gateway');

/** What graphql-js adds to help: names of the schema, which production does not tell. */
const SUGGESTION = / ?Did you mean .+\?$/;

/** Where errors leave the house: shown by `showError`, counted by code, and logged once if somebody must look. */
@Injectable()
export class ErrorAnswers {
  private readonly count: Counter<'code' | 'kind'>;

  constructor(
    metrics: Metrics,
    private readonly settings: GatewaySettings,
  ) {
    this.count = metrics.counter('parley_gateway_errors_total', 'Errors answered to clients, by code.', ['code', 'kind']);
  }

  /** @param code see `showError` */
  answer(error: unknown, correlationId = logContext().correlationId ?? 'unknown', code?: string): ShownError {
    const shown = showError(error, correlationId, code);
    const { kind } = shown.extensions;
    this.count.inc({ code: shown.extensions.code, kind });
    if (isBug(shown)) log.error('request.failed', { correlationId, path: shown.path?.join('.'), error: asError(causeOf(error)) });
    else if (kind === 'unavailable') log.warn('request.unavailable', { correlationId, code: shown.extensions.code, error: asError(causeOf(error)) });
    return this.settings.values.isSchemaShown ? shown : { ...shown, message: shown.message.replace(SUGGESTION, '') };
  }
}

const asError = (thrown: unknown) => (thrown instanceof Error ? thrown : new Error(`thrown: ${typeof thrown}`));
