import { crc32 } from 'node:zlib';

/** The lane of a tenant: all its facts are in it. Follows from the number of lanes, which is why that is never raised on a live topic. */
export const laneOf = (tenantId: string, lanes: number): number => crc32(tenantId) % lanes;
