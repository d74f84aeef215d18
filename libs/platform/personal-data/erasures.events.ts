import { defineEvent } from '@parley/kernel/event.js';
import { id, instant } from '@parley/kernel/meta.js';
import { z } from 'zod';

/**
 * The log was set back to before a person was erased, and the list beside it knew of them. Identity listens, and erases them once more:
 * their sign-in came back with the backup.
 */
export const ErasureRemembered = defineEvent('ErasureRemembered', z.object({ personId: id, rememberedBy: z.string(), rememberedAt: instant }));
