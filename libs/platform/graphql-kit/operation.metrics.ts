import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type GqlContextType, GqlExecutionContext } from '@nestjs/graphql';
import type { GraphQLResolveInfo } from 'graphql';
import type { Histogram } from 'prom-client';
import { type Observable, tap } from 'rxjs';
import { logger } from '../telemetry/logger.js';
import { Metrics } from '../telemetry/metrics.js';
import { callOf } from './call.js';
import { showError } from './errors.js';

const log = logger('gateway');

/** How long each root field takes and how it ends: one line in the log and one measurement, whatever the transport. */
@Injectable()
export class OperationMetrics implements NestInterceptor {
  private readonly seconds: Histogram<'type' | 'field' | 'outcome'>;

  constructor(metrics: Metrics) {
    this.seconds = metrics.seconds('parley_graphql_seconds', 'Time of a root field, until its answer; of a subscription, until it began.', ['type', 'field', 'outcome']);
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType<GqlContextType>() !== 'graphql') return next.handle();
    const { operation, fieldName } = GqlExecutionContext.create(context).getInfo<GraphQLResolveInfo>();
    const type = operation.operation;
    const { arrival } = callOf(context);
    const startedAt = performance.now();
    const ended = (outcome: string) => {
      const durationMs = performance.now() - startedAt;
      this.seconds.observe({ type, field: fieldName, outcome }, durationMs / 1_000);
      log.info('graphql.operation', { requestId: arrival.requestId, correlationId: arrival.correlationId, type, field: fieldName, outcome, duration_ms: Math.round(durationMs) });
    };
    return next.handle().pipe(tap({ complete: () => ended('ok'), error: (error) => ended(showError(error, '').extensions.code) }));
  }
}
