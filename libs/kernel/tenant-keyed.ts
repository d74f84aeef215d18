/** What every row begins with. The projector fills it from the fact, so no projection can reach another tenant's row. */
export interface TenantKeyed {
  tenantId: string;
}

/** A row's key as text. @param like any key of the same table: it tells the columns */
export const idOf = (row: TenantKeyed, like: TenantKeyed): string =>
  Object.keys(like).sort().map((column) => row[column as keyof TenantKeyed]).join('\0');
