import { join, resolve } from 'node:path';
import { defineConfig, integer, secret } from '../config/config.js';
import { z } from 'zod';

/** What moves Parley in one process: the server and the command line find each other by these. */
export const standaloneConfig = defineConfig({
  PARLEY_GATEWAY_PORT: integer(1, 65_535).default(3000).describe('port of the gateway'),
  PARLEY_GATEWAY_HOST: z.string().min(1).default('127.0.0.1').describe('address that the gateway listens on'),
  PARLEY_DATA_DIR: z.string().min(1).default('.parley').transform((path) => resolve(path)).describe('folder of the embedded database, keys and demo sign-in'),
  PARLEY_DEMO_MODEL: z.string().min(1).optional().describe('model of the demo agent, for a provider whose models Parley does not know'),
  PARLEY_DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .optional()
    .describe('PostgreSQL to use, as an owner that may create roles, e.g. postgres://parley@db:5432/parley; without it Parley runs one of its own'),
  PARLEY_DATABASE_PASSWORD_FILE: z.string().optional().describe('file that holds the password for PARLEY_DATABASE_URL'),
  PARLEY_DATABASE_PASSWORD: secret().optional().describe('the password itself, where a file is not to be had'),
});

/** Where the demo person's sign-in is kept (mode 0600), for the command line beside. */
export const demoFile = (dataDir: string) => join(dataDir, 'demo.json');
