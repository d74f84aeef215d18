import 'reflect-metadata';
import { runStandalone } from './run-standalone.js';

// Everything was closed; what a library may have left open must not keep a stopped server alive.
process.exit(await runStandalone());
