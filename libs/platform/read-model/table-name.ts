import type { Projection } from '@parley/kernel/projection.js';

/** The table of one version; queries read the view that has the projection's own name. @example chat.conversation_list_v1 */
export const tableName = ({ name, version }: Pick<Projection, 'name' | 'version'>): string => `${name}_v${version}`;
