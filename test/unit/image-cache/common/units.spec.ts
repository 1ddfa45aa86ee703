import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseDuration, parseSize } from 'nestjs-image-cache';

const OPTIONS = 'E_IMAGE_CACHE_OPTIONS';

const DURATIONS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const SIZES = ['', 'K', 'M', 'G', 'T'] as const;

/** Numbers as they may be written: whole ones and fractions, small and large. */
const amounts = fc
  .tuple(
    fc.oneof(fc.constant(0), fc.nat(1_000_000)),
    fc.option(fc.oneof(fc.stringMatching(/^\d{1,6}$/), fc.stringMatching(/^0{1,5}[0-9]$/)), { nil: undefined }),
  )
  .map(([whole, fraction]) => (fraction === undefined ? `${whole}` : `${whole}.${fraction}`));

/** Anything that a configuration may hold, most of it close to what is right. */
const values = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
  fc.string(),
  fc.stringMatching(/^[-+ ]?\d{0,20}[.,]?\d{0,8} ?(ms|s|m|h|d|w|[kKMGTP]i?B?|B)?$/),
);

/** What is parsed, or the code of the error; an error of another kind is thrown. */
function outcomeOf(parse: typeof parseSize, value: unknown): unknown {
  try {
    return parse(value, 'some.option');
  } catch (error) {
    expect(error).toMatchObject({ code: OPTIONS, message: expect.stringMatching(/^some\.option: /) });
    return OPTIONS;
  }
}

describe('parseDuration', () => {
  it.each([
    ['0', 0],
    ['0s', 0],
    ['500ms', 500],
    ['1.5s', 1500],
    ['90s', 90_000],
    ['5m', 300_000],
    ['12h', 43_200_000],
    ['30d', 2_592_000_000],
  ])('takes %j for %d ms', (text, milliseconds) => {
    expect(parseDuration(text, 'ttl')).toBe(milliseconds);
  });

  it('multiplies any number with its unit', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.constantFrom('ms', 's', 'm', 'h', 'd'), (amount, unit) => {
        expect(parseDuration(`${amount}${unit}`, 'ttl')).toBe(amount * DURATIONS[unit]);
      }),
    );
  });

  it('never takes a short time for none, which means for ever', () => {
    fc.assert(
      fc.property(amounts, fc.constantFrom('ms', 's', 'm', 'h', 'd'), (amount, unit) => {
        expect(parseDuration(`${amount}${unit}`, 'ttl') > 0).toBe(Number(amount) > 0);
      }),
    );
  });

  it('takes the longer one of two for the longer one', () => {
    fc.assert(
      fc.property(amounts, amounts, fc.constantFrom('ms', 's', 'm', 'h', 'd'), (one, other, unit) => {
        const [shorter = '', longer = ''] = [one, other].sort((a, b) => Number(a) - Number(b));
        expect(parseDuration(`${shorter}${unit}`, 'ttl')).toBeLessThanOrEqual(parseDuration(`${longer}${unit}`, 'ttl'));
      }),
    );
  });

  it('takes whole milliseconds out of anything, or refuses it by the path of the option', () => {
    fc.assert(
      fc.property(values, (value) => {
        const outcome = outcomeOf(parseDuration, value);
        expect(outcome === OPTIONS || (Number.isSafeInteger(outcome) && Number(outcome) >= 0)).toBe(true);
      }),
    );
  });

  it.each([
    30,
    0,
    '30',
    '1',
    '',
    ' ',
    '-1s',
    '1 s',
    's',
    '1w',
    '1y',
    '1S',
    '1e3s',
    '.5s',
    '1.s',
    '∞',
    null,
    undefined,
    {},
    true,
    NaN,
  ])('refuses %p, by the path of the option', (value) => {
    expect(() => parseDuration(value, 'imageCache.variant.ttl')).toThrow(
      expect.objectContaining({ code: OPTIONS, message: expect.stringMatching(/^imageCache\.variant\.ttl: .*unit/) }),
    );
  });

  it('refuses what no clock can count', () => {
    expect(() => parseDuration('999999999999d', 'ttl')).toThrow(expect.objectContaining({ code: OPTIONS }));
  });
});

describe('parseSize', () => {
  it.each([
    [0, 0],
    [5, 5],
    ['5', 5],
    ['5B', 5],
    ['64K', 65_536],
    ['64KB', 65_536],
    ['64KiB', 65_536],
    ['64 kb', 65_536],
    ['1.5GiB', 1_610_612_736],
    ['128MB', 134_217_728],
    ['2TB', 2_199_023_255_552],
  ])('takes %j for %d bytes', (text, bytes) => {
    expect(parseSize(text, 'size')).toBe(bytes);
  });

  it('knows one kilobyte only, of 1024 bytes, however it is written', () => {
    fc.assert(
      fc.property(fc.nat(4000), fc.nat(4), fc.constantFrom('', 'B', 'iB'), (amount, exponent, suffix) => {
        fc.pre(suffix !== 'iB' || exponent > 0);
        expect(parseSize(`${amount}${SIZES[exponent] ?? ''}${suffix}`, 'size')).toBe(amount * 1024 ** exponent);
      }),
    );
  });

  it('never takes a small size for none', () => {
    fc.assert(
      fc.property(amounts, fc.constantFrom('', 'B', 'K', 'MB', 'GiB'), (amount, unit) => {
        expect(parseSize(`${amount}${unit}`, 'size') > 0).toBe(Number(amount) > 0);
      }),
    );
  });

  it('takes whole bytes out of anything, or refuses it by the path of the option', () => {
    fc.assert(
      fc.property(values, (value) => {
        const outcome = outcomeOf(parseSize, value);
        expect(outcome === OPTIONS || (Number.isSafeInteger(outcome) && Number(outcome) >= 0)).toBe(true);
      }),
    );
  });

  it.each([
    -1,
    1.5,
    NaN,
    Infinity,
    2 ** 53,
    '',
    ' ',
    '-5',
    '1e9',
    '5X',
    '5 M B',
    '5iB',
    '0x10',
    '1,5G',
    '9999999P',
    null,
    undefined,
    {},
    [],
  ])('refuses %p, by the path of the option', (value) => {
    expect(() => parseSize(value, 'imageCache.variant.hot')).toThrow(
      expect.objectContaining({ code: OPTIONS, message: expect.stringMatching(/^imageCache\.variant\.hot: /) }),
    );
  });
});
