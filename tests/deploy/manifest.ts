import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** What this suite reads of a manifest. Kubernetes' own schemas check the rest. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string> };
  readonly spec?: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- its shape is the schema's to check
}

interface Mistake {
  readonly instancePath: string;
  readonly message?: string;
  readonly keyword: string;
  readonly params: unknown;
}
type Validate = ((data: unknown) => boolean) & { errors?: readonly Mistake[] | null };

const load = createRequire(import.meta.url);

/** What Kubernetes would not take of a manifest: wrong and missing fields, and fields that it does not know. */
export function mistakesOf(manifest: Manifest): string[] {
  const known = new Set<string>();
  const validate = schemaOf(manifest);
  const isValid = validate(watched(manifest, '', known));
  const wrong = isValid ? [] : (validate.errors ?? []).map(({ instancePath, keyword, params }) => `${instancePath}: ${keyword} ${JSON.stringify(params)}`);
  return [...wrong, ...pathsOf(manifest, '').filter((path) => !known.has(path)).map((path) => `${path}: unknown`)];
}

function schemaOf({ apiVersion, kind }: Manifest): Validate {
  const models = load(`kubernetes-models/${apiVersion}/${kind}`) as object; // the class by its short name, and by its schema's
  const name = Object.keys(models).find((each) => each.startsWith('IoK8s'))!;
  return (load(join(dirname(load.resolve('kubernetes-models')), '_schemas', `${name}.js`)) as { validate: Validate }).validate;
}

/** A validator asks for every field that it knows: what it never asked for, no schema has. */
function watched(value: unknown, path: string, known: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, key) {
      if (typeof key !== 'string') return Reflect.get(target, key) as unknown;
      known.add(`${path}/${key}`);
      return watched(Reflect.get(target, key), `${path}/${key}`, known);
    },
  });
}

function pathsOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => [`${path}/${key}`, ...pathsOf(each, `${path}/${key}`)]);
}
