import { usageReplies } from './replies/replies.projection.js';

/** All read models of usage. */
export const usageProjections = [usageReplies];
