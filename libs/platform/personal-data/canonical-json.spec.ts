import fc from 'fast-check';
import { canonicalJson } from './canonical-json.js';

describe('canonical JSON', () => {
  it('is the same whatever the order of the fields', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: true, '10': 0, '9': 0 })).toBe('{"10":0,"9":0,"a":true,"b":[1,{"c":"x","d":null}]}');
  });

  it('leaves out what is undefined', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
  });

  it('reads back as what it was', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))));
  });

  it.each([['a bigint', 1n], ['NaN', NaN], ['a date', new Date()], ['a map', new Map()], ['a function', () => 1], ['undefined in a list', [undefined]]])('refuses %s', (_, value) => {
    expect(() => canonicalJson({ value })).toThrow(TypeError);
  });
});
