import { Global, Injectable, Module } from '@nestjs/common';

/** A tenant's rule, when it is gone by. */
export interface RetentionTask {
  readonly tenantId: string;
  readonly afterDays: number;
  /** What is as old as this goes. */
  readonly since: Date;
  readonly signal: AbortSignal;
}

/** Lets go of what is too old, by commands that leave a fact for each. @returns how many there were */
export type RetentionWork = (task: RetentionTask) => Promise<number>;

/** How things of each kind go: whoever keeps them says it here. A scheduler calls it for each tenant that has a rule. */
@Injectable()
export class RetentionWorks {
  private readonly works = new Map<string, RetentionWork>();

  /** @throws Error when there is one for the kind */
  register(kind: string, work: RetentionWork): void {
    if (this.works.has(kind)) throw new Error(`there are two that let go of ${kind}`);
    this.works.set(kind, work);
  }

  /** @throws Error when nobody in this process keeps things of the kind */
  of(kind: string): RetentionWork {
    const work = this.works.get(kind);
    if (!work) throw new Error(`nobody here lets go of ${kind}`);
    return work;
  }
}

@Global()
@Module({ providers: [RetentionWorks], exports: [RetentionWorks] })
export class RetentionWorksModule {}
