import { Injectable } from '@nestjs/common';
import { ReactionsControl } from '../cqrs/reactions-control.js';
import { ProjectionsControl } from '../read-model/projections.service.js';
import type { ProjectionStatus } from '../read-model/projection-status.js';
import { Metrics } from '../telemetry/metrics.js';

/** How far projections and reactors are, at each scrape. */
@Injectable()
export class OperationsMetrics {
  constructor(metrics: Metrics, projections: ProjectionsControl, reactions: ReactionsControl) {
    const ofProjections = (value: (status: ProjectionStatus) => number | bigint) => async () =>
      (await projections.status()).map((status) => ({ labels: { projection: status.projection, version: status.version }, value: Number(value(status)) }));
    const labels = ['projection', 'version'];
    metrics.gauge('parley_projection_lag', 'Facts that a projection has yet to take in.', labels, ofProjections(({ lag }) => lag));
    metrics.gauge('parley_projection_parked', 'Streams that wait behind a fact which a projection could not take in.', labels, ofProjections(({ parked }) => parked));
    metrics.gauge('parley_projection_building', 'Tables that are being built beside the one that is served.', labels, ofProjections(({ rebuilding }) => Number(rebuilding)));
    metrics.gauge('parley_projection_rebuilt_otherwise', 'Rows of the table that was replaced last which were not as the log has them.', labels,
      ofProjections(({ tables }) => tables.find(({ state }) => state === 'served')?.differences ?? 0));
    metrics.gauge('parley_reactor_parked', 'Facts that a reactor could not act on.', ['reactor'], async () =>
      (await reactions.status()).map(({ reactor, parked }) => ({ labels: { reactor }, value: parked.length })));
  }
}
