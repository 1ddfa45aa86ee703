import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalText } from '../../../../libs/image-cache/src/keys/canonical.js';

/** Plain data, with what is easily taken for something else. */
const data = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      null,
      undefined,
      true,
      false,
      '',
      'null',
      'undefined',
      '1',
      '[]',
      '{}',
      '"',
      ',',
      0,
      1,
      NaN,
      Infinity,
    ),
    fc.string({ unit: 'binary', maxLength: 5 }),
    fc.integer(),
    fc.double(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b', '1', '__proto__', 'a,b', '"a"', ''), tie('value'), { maxKeys: 4 }),
  ),
})).value;

/** Leaves members out that are undefined, and makes one zero of both. */
function meant(value: unknown): unknown {
  if (value === 0) return 0;
  if (Array.isArray(value)) return value.map(meant);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, meant(member)]));
}

/** The same data with its members the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name, reversed(member)] as const);
  return Object.fromEntries(members.reverse());
}

function isSame(one: unknown, other: unknown): boolean {
  try {
    expect(meant(one)).toStrictEqual(meant(other));
    return true;
  } catch {
    return false;
  }
}

const refusal = (path: string): Error =>
  expect.objectContaining({
    code: 'E_IMAGE_CACHE_OPTIONS',
    message: expect.stringMatching(`^${path.replace(/[[\]]/g, '\\$&')}: `),
  }) as unknown as Error;

describe('the text of plain data', () => {
  it('is the same for the same data, and another one for any other', () => {
    fc.assert(
      fc.property(data, data, (one, other) => {
        expect(canonicalText(one, 'x') === canonicalText(other, 'x')).toBe(isSame(one, other));
      }),
      { numRuns: 2000 },
    );
  });

  it('does not depend on the order of members', () => {
    fc.assert(
      fc.property(data, (value) => {
        expect(canonicalText(reversed(value), 'x')).toBe(canonicalText(value, 'x'));
      }),
    );
  });

  it.each([
    [{ w: 1 }, { w: '1' }],
    [{ w: 1 }, '{"w":1}'],
    [['a', 'b'], ['a,b']],
    [[null], [undefined]],
    [[NaN], [null]],
    [[], {}],
    [
      [1, [2, 3]],
      [[1, 2], 3],
    ],
    [{ a: { b: 1 } }, { 'a.b': 1 }],
    [['\ud800'], ['\udfff']],
  ])('tells %j from %j', (one, other) => {
    expect(canonicalText(one, 'x')).not.toBe(canonicalText(other, 'x'));
  });

  it.each([
    [{ w: 1, h: undefined }, { w: 1 }],
    [{ w: -0 }, { w: 0 }],
    [Object.assign(Object.create(null) as object, { w: 1 }), { w: 1 }],
  ])('is the same for %j and %j', (one, other) => {
    expect(canonicalText(one, 'x')).toBe(canonicalText(other, 'x'));
  });

  const loop: unknown[] = [];
  loop.push(loop);

  it.each<[string, unknown, string]>([
    ['a date', { at: new Date(0) }, 'x.at'],
    ['a map', new Map([['w', 1]]), 'x'],
    ['a Buffer', [Buffer.from('a')], 'x[0]'],
    ['a function', { w: () => 1 }, 'x.w'],
    ['a symbol', [Symbol('w')], 'x[0]'],
    ['a bigint', { a: [1, 2n] }, 'x.a[1]'],
    ['what contains itself', loop, `x${'[0]'.repeat(17)}`],
  ])('is refused for %s, with the place', (_what, value, path) => {
    expect(() => canonicalText(value, 'x')).toThrow(refusal(path));
  });
});
