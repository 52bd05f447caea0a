/** The OpenAPI 3.1 document, made of the schemas that validate. */
import { z } from 'zod';
import type { Endpoint, ReplyDoc } from './endpoint.ts';

type Json = Record<string, unknown>;

const PROBLEM: Json = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail', 'instance'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'Stable; clients switch on it.' },
    detail: { type: 'string' },
    instance: { type: 'string' },
    errors: {
      type: 'array',
      items: { type: 'object', required: ['pointer', 'detail'], properties: { pointer: { type: 'string' }, detail: { type: 'string' } } },
    },
  },
};

export function openApi(endpoints: readonly Endpoint[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const one of endpoints) {
    const path = one.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [one.method]: operation(one) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'IronWallet', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { Problem: PROBLEM },
    },
  };
}

function operation(one: Endpoint): Json {
  const replies = Object.entries(one.replies).map(([status, doc]) => [status, reply(doc)] as const);
  return {
    operationId: operationId(one),
    tags: [one.tag],
    summary: one.summary,
    security: one.access === 'public' ? [] : [{ bearer: [] }],
    parameters: [...parameters(one.params, 'path'), ...parameters(one.query, 'query'), ...keyParameter(one)],
    ...(one.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(one.body) } } } }),
    responses: { ...Object.fromEntries(replies), '4XX': problemReply('The request was refused.'), '5XX': problemReply('Try again later.') },
  };
}

/** `get` of `/v1/wallets/:walletId` -> `getV1WalletsWalletId`. */
function operationId({ method, path }: Endpoint): string {
  const words = path.split(/[^a-zA-Z0-9]/);
  return `${method}${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')}`;
}

function reply(doc: ReplyDoc): Json {
  return {
    description: doc.description,
    ...(doc.schema === undefined ? {} : { content: { 'application/json': { schema: jsonSchema(doc.schema) } } }),
  };
}

function problemReply(description: string): Json {
  return { description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };
}

function jsonSchema(schema: z.ZodType): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
}

function parameters(schema: z.ZodType | undefined, place: 'path' | 'query'): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

function keyParameter(one: Endpoint): Json[] {
  if (one.keyed !== true) return [];
  return [{ name: 'Idempotency-Key', in: 'header', required: true, schema: { type: 'string', maxLength: 257 } }];
}
