import { defineError } from '@parley/kernel/domain-error.js';
import { HttpException, NotFoundException } from '@nestjs/common';
import { GraphQLError } from 'graphql';
import { z } from 'zod';
import { isBug, showError } from './errors.js';
import { isOutage } from './outages.js';

class ToyLost extends defineError('TOY_LOST', 'not-found', 'There is no such toy.', 'Look under the bed.') {}

const shown = (error: unknown, code?: string) => showError(error, 'chain-1', code).extensions;
const thrownInResolver = (error: Error) => new GraphQLError(error.message, { originalError: error, path: ['toy'] });

describe('what a client sees of an error', () => {
  it('is a refusal as it was written', () => {
    expect(showError(thrownInResolver(new ToyLost({ toyId: '7' })), 'chain-1')).toEqual({
      message: 'There is no such toy.',
      path: ['toy'],
      locations: undefined,
      extensions: { code: 'TOY_LOST', kind: 'not-found', hint: 'Look under the bed.', details: { toyId: '7' }, correlationId: 'chain-1' },
    });
  });

  it('is a refusal under any number of wrappings', () => {
    expect(shown(thrownInResolver(thrownInResolver(new ToyLost()))).code).toBe('TOY_LOST');
  });

  it('is the paths of input that a schema refuses, without the values', () => {
    const { error } = z.object({ text: z.string(), list: z.array(z.int()) }).safeParse({ text: 7, list: [1, 'my secret'] });
    expect(shown(error)).toMatchObject({ code: 'INVALID_INPUT', details: { fields: [{ path: 'text' }, { path: 'list.1' }] } });
    expect(JSON.stringify(shown(error))).not.toContain('my secret');
  });

  it.each([
    ['a TypeError', new TypeError("Cannot read properties of undefined (reading 'x') at /srv/app.js:7")],
    ['an error of the database', Object.assign(new Error('syntax error at or near "selec"'), { code: '42601', detail: 'Key (email)=(a@b.c)' })],
    ['a text', 'thrown by hand'],
    ['nothing', undefined],
    ['an error of ours that GraphQL carries without a path', new GraphQLError('select 1', { originalError: new Error('select 1') })],
    ['a result that breaks the schema', new GraphQLError('Int cannot represent non-integer value: 1.5', { path: ['toy'] })],
    ['a status of 500', new HttpException('select 1', 500)],
  ])('is nothing of %s', (_, error) => {
    const answer = showError(error, 'chain-1', 'BAD_USER_INPUT');
    expect(answer.extensions).toEqual({ code: 'INTERNAL', kind: 'internal', hint: expect.any(String) as unknown, details: {}, correlationId: 'chain-1' });
    expect(answer.message).toBe('Something went wrong on our side.');
    expect(isBug(answer)).toBe(true);
  });

  it('is never more than code, kind, hint, details and correlation id', () => {
    const error = new GraphQLError('Syntax Error', { extensions: { code: 'GRAPHQL_PARSE_FAILED', stacktrace: ['at /srv'], http: { status: 400 } } });
    expect(Object.keys(shown(error)).sort()).toEqual(['code', 'correlationId', 'details', 'hint', 'kind']);
  });

  it('is the code that the transport knows, where GraphQL says none', () => {
    expect(shown(new GraphQLError('Variable "$to" is missing.'), 'BAD_USER_INPUT')).toMatchObject({ code: 'BAD_USER_INPUT', kind: 'invalid' });
  });

  it('is a kind for each status of the HTTP layer', () => {
    expect(shown(new NotFoundException('Cannot GET /secret'))).toMatchObject({ code: 'NOT_FOUND', kind: 'not-found' });
    expect(shown(new HttpException('x', 418))).toMatchObject({ code: 'BAD_REQUEST', kind: 'invalid' });
  });
});

describe('an outage', () => {
  it.each([
    ['a refused connection', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
    ['a server that stops', Object.assign(new Error('terminating connection'), { code: '57P01' })],
    ['a full disk', Object.assign(new Error('could not extend file'), { code: '53100' })],
    ['a lost connection', new Error('Connection terminated unexpectedly')],
    ['one below another error', new Error('query failed', { cause: Object.assign(new Error('x'), { code: 'ECONNRESET' }) })],
    ['one that TypeORM wraps', Object.assign(new Error('x'), { driverError: Object.assign(new Error('y'), { code: '08006' }) })],
  ])('is told as unavailable, with a time: %s', (_, error) => {
    expect(shown(error)).toMatchObject({ code: 'UNAVAILABLE', kind: 'unavailable', details: { retryAfterMs: 1_000 } });
  });

  it('is not a query that is wrong', () => {
    expect(isOutage(Object.assign(new Error('duplicate key'), { code: '23505' }))).toBe(false);
  });
});
