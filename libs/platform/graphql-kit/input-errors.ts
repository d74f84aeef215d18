import type { ValidationError } from 'class-validator';
import { InvalidInput } from './refusals.js';

/** What class-validator found, as a refusal that names each field. The values themselves are not repeated. */
export const inputErrors = (errors: readonly ValidationError[]): InvalidInput => new InvalidInput({ fields: errors.flatMap((error) => problems(error)) });

function problems({ property, constraints, children = [] }: ValidationError, above = ''): { path: string; problems: string[] }[] {
  const path = `${above}${property}`;
  const own = constraints ? [{ path, problems: Object.values(constraints) }] : [];
  return [...own, ...children.flatMap((child) => problems(child, `${path}.`))];
}
