import { z } from 'zod';
import { defineConfig, flag, integer } from '../config/config.js';

/** @example `https://app.example.com,https://admin.example.com` */
const list = () => z.string().default('').transform((text) => text.split(',').map((part) => part.trim()).filter(Boolean));

const variables = defineConfig({
  NODE_ENV: z.string().default('development').describe('`production` hides the schema and the explorer'),
  PARLEY_GATEWAY_INTROSPECTION: flag().optional().describe('whether clients may read the schema; by default outside production only'),
  PARLEY_GATEWAY_EXPLORER: flag().optional().describe('whether GET /graphql shows GraphiQL to a browser; by default where the schema may be read'),
  PARLEY_GATEWAY_ORIGINS: list().describe('web origins, besides our own, that may call and open sockets, separated by commas'),
  PARLEY_GATEWAY_TRUSTED_PROXIES: list().describe('addresses or networks of proxies whose X-Forwarded-For counts'),
  PARLEY_GATEWAY_BODY_MAX_BYTES: integer(1_024).default(256 * 1_024).describe('longest request body'),
  PARLEY_GATEWAY_DEPTH_MAX: integer(1).default(10).describe('deepest nesting of fields in an operation'),
  PARLEY_GATEWAY_ALIASES_MAX: integer(0).default(15).describe('most aliases in an operation, fragments expanded'),
  PARLEY_GATEWAY_DIRECTIVES_MAX: integer(0).default(5).describe('most directives in an operation, fragments expanded'),
  PARLEY_GATEWAY_ROOT_FIELDS_MAX: integer(1).default(10).describe('most root fields in an operation, fragments expanded'),
  PARLEY_GATEWAY_TOKENS_MAX: integer(10).default(1_000).describe('most tokens in a GraphQL document'),
  PARLEY_GATEWAY_COST_MAX: integer(1).default(5_000).describe('highest cost of an operation: its fields, times the length of the pages they stand in'),
  PARLEY_GATEWAY_SOCKETS_MAX: integer(1).default(10_000).describe('most open WebSockets'),
  PARLEY_GATEWAY_SOCKETS_PER_USER_MAX: integer(1).default(10).describe('most open WebSockets of one person'),
  PARLEY_GATEWAY_STREAMS_PER_USER_MAX: integer(1).default(20).describe('most open event streams (SSE) of one person'),
  PARLEY_GATEWAY_OPERATIONS_PER_SOCKET_MAX: integer(1).default(20).describe('most operations at once on one WebSocket'),
  PARLEY_GATEWAY_SOCKET_MESSAGES_PER_SECOND_MAX: integer(1).default(20).describe('most messages that a WebSocket may send us in one second'),
  PARLEY_GATEWAY_SOCKET_PAYLOAD_MAX_BYTES: integer(1_024).default(64 * 1_024).describe('longest message that a WebSocket may send us'),
  PARLEY_GATEWAY_SOCKET_INIT_MS: integer(100).default(3_000).describe('time for connection_init'),
  PARLEY_GATEWAY_SOCKET_PING_MS: integer(100).default(12_000).describe('pause between pings; a socket that does not answer until the next is closed'),
  PARLEY_GATEWAY_SEND_BUFFER_MAX_BYTES: integer(1_024).default(1_024 * 1_024).describe('what may wait for a WebSocket that reads too slowly, before it is closed'),
  PARLEY_GATEWAY_DRAIN_MS: integer(0, 8_000).default(3_000).describe('at a stop, time for open subscriptions to end by themselves before they are told to resume elsewhere'),
});

export type GatewayConfig = ReturnType<typeof variables.read> & { readonly isSchemaShown: boolean; readonly isExplorerShown: boolean };

/** The gateway's settings and limits. @throws InvalidConfig */
export function readGatewayConfig(): GatewayConfig {
  const values = variables.read();
  const isSchemaShown = values.PARLEY_GATEWAY_INTROSPECTION ?? values.NODE_ENV !== 'production';
  return { ...values, isSchemaShown, isExplorerShown: values.PARLEY_GATEWAY_EXPLORER ?? isSchemaShown };
}

/** The token under which the module keeps its settings: specs give other ones. */
export abstract class GatewaySettings {
  abstract readonly values: GatewayConfig;
}
