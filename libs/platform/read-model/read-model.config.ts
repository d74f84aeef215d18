import { defineConfig, integer } from '../config/config.js';

export const readModelConfig = defineConfig({
  PARLEY_READ_MODEL_KEEP_DAYS: integer(0, 3_650).default(7).describe('how long a table that was replaced is kept for a way back; it goes earlier when another replacement follows'),
});
