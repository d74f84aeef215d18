import type { Projection } from '@parley/kernel/projection.js';

/** A projection, and which of the tables that it may fill is meant: one for each build, beside each other. */
export interface Target {
  readonly projection: Projection;
  /** What follows the projection's name in that of the table. @example _v1 */
  readonly suffix: string;
}

/** The first table of a version has the plain name; queries read the view that has the projection's own. @example chat.conversation_list_v1 */
export const suffixOf = ({ version }: Pick<Projection, 'version'>, build = 1): string => (build === 1 ? `_v${version}` : `_v${version}_b${build}`);

export const targetOf = (of: Projection | Target): Target => ('projection' in of ? of : { projection: of, suffix: suffixOf(of) });

/** The first table of a projection's version. @example chat.conversation_list_v1 */
export const tableName = ({ name, version }: Pick<Projection, 'name' | 'version'>): string => name + suffixOf({ version });
