import 'reflect-metadata';
import { runGateway } from './run-gateway.js';

// Everything was closed; what a library may have left open must not keep a stopped process alive.
process.exit(await runGateway());
