import { activity } from './activity/activity.projection.js';
import { usagePeople } from './people/people.projection.js';
import { usageReplies } from './replies/replies.projection.js';

/** All read models of usage. */
export const usageProjections = [usageReplies, activity, usagePeople];
