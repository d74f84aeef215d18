import { z } from 'zod';
import { defineConfig, type Environment, environment, InvalidConfig } from '../config/config.js';
import { FAILPOINTS, type FailpointName } from './failpoint-names.js';

export const ACTIONS = ['kill', 'hang', 'throw', 'delay'] as const;
export type Action = (typeof ACTIONS)[number];

/** What to do at a failpoint, and when. */
export interface Order {
  readonly name: FailpointName;
  readonly action: Action;
  /** Of `delay`. */
  readonly ms: number;
  /** The time that it happens, from 1; undefined: each time, or by chance. */
  readonly nth: number | undefined;
  readonly chance: number | undefined;
}

const NAMES = Object.keys(FAILPOINTS);
const isName = (name: string): name is FailpointName => Object.hasOwn(FAILPOINTS, name);

/** `<name>=<action>`, then `@<n>` or `%<chance>` or neither. */
const FORM = /^(?<name>[^=]+)=(?<action>[a-z]+)(?::(?<ms>\d{1,6}))?(?:@(?<nth>[1-9]\d{0,8})|%(?<chance>0?\.\d+|0|1))?$/;

/** @throws Error with one sentence that says what may stand there */
function orderOf(text: string): Order {
  const { name, action, ms, nth, chance } = FORM.exec(text)?.groups ?? {};
  if (name === undefined) throw new Error(`‘${text}’ is not <name>=<action>, with @<n> for the n-th time or %<chance> behind it where wanted, as in s3.after_append=kill@3,s10.before_send=delay:200%0.1`);
  if (!isName(name)) throw new Error(`there is no failpoint ${name}; there are ${NAMES.join(', ')}`);
  const known = ACTIONS.find((each) => each === action);
  if (!known || (known === 'delay') !== (ms !== undefined)) throw new Error(`${name} knows no action ${action}${ms === undefined ? '' : `:${ms}`}; there are kill, hang, throw and delay:<milliseconds>`);
  return { name, action: known, ms: Number(ms ?? 0), nth: nth === undefined ? undefined : Number(nth), chance: chance === undefined ? undefined : Number(chance) };
}

function ordersOf(text: string, context: z.RefinementCtx): Order[] {
  try {
    const orders = text.split(',').map((each) => orderOf(each.trim()));
    const twice = orders.find(({ name }, index) => orders.findIndex((other) => other.name === name) !== index);
    if (twice) throw new Error(`${twice.name} is named twice`);
    return orders;
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return [];
  }
}

const failpointsConfig = defineConfig({
  PARLEY_FAILPOINTS: z.string().transform(ordersOf).optional().describe('for tests: where to die, hang, fail or wait, e.g. s3.after_append=kill@3; refused where NODE_ENV=production'),
  PARLEY_FAILPOINTS_SEED: z.string().min(1).default('parley').describe('for tests: what the chances of PARLEY_FAILPOINTS are drawn by'),
});

/** @throws InvalidConfig, also where failpoints are named and NODE_ENV is `production` */
export function readFailpoints(env: Environment = environment()): { readonly orders: readonly Order[]; readonly seed: string } {
  const { PARLEY_FAILPOINTS: orders = [], PARLEY_FAILPOINTS_SEED: seed } = failpointsConfig.read(env);
  if (orders.length > 0 && env['NODE_ENV'] === 'production') throw new InvalidConfig('PARLEY_FAILPOINTS: failpoints are for tests, and NODE_ENV is production: unset one of them');
  return { orders, seed };
}
