import { jest } from '@jest/globals';
import { topology } from '../running/parley.js';

// The journey as it is, against Parley in parts: gateway, command, relay, two projectors, two runtimes; Kafka, Redis, Postgres.
topology.inParts = true;
await import('../journeys/a-repeat-changes-nothing.spec.js');
jest.setTimeout(180_000);
