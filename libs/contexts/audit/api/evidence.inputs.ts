import { IsOptional, IsUUID } from 'class-validator';

/** Whose history: by default the caller's own tenant's. */
export class HistoryInput {
  @IsOptional()
  @IsUUID()
  tenantId?: string;
}
