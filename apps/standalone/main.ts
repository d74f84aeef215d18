import 'reflect-metadata';
import { runStandalone } from './run-standalone.js';

process.exitCode = await runStandalone();
