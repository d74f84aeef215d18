import { Injectable } from '@nestjs/common';
import type { Projection } from '@parley/kernel/projection.js';

/** The projections that this process keeps up to date: each context's list puts itself here. */
@Injectable()
export class ProjectionRegistry {
  private readonly byName = new Map<string, Projection>();

  /** @throws Error when two projections have one name */
  add(projections: readonly Projection[]): void {
    for (const projection of projections) {
      const known = this.byName.get(projection.name);
      if (known && known !== projection) throw new Error(`two projections are named ${projection.name}`);
      this.byName.set(projection.name, projection);
    }
  }

  all(): readonly Projection[] {
    return [...this.byName.values()];
  }

  get(name: string): Projection | undefined {
    return this.byName.get(name);
  }
}
