import { jest } from '@jest/globals';
import { topology } from '../running/parley.js';

// The journey as it is, against Parley in parts: gateway, command, relay, two projectors, two runtimes; EventStoreDB’s protocol, Kafka, Redis, Postgres.
topology.inParts = true;
await import('../journeys/on-eventstoredb.spec.js');
jest.setTimeout(180_000);
