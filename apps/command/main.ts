import 'reflect-metadata';
import { servePart } from '../composition/serve-part.js';
import { CommandModule } from './command.module.js';

// Everything was closed; what a library may have left open must not keep a stopped process alive.
process.exit(await servePart('command', (around) => CommandModule.in(around)));
