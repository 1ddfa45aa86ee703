import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatHttpDate, parseHttpDate } from 'nestjs-image-cache';

/** Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110. */
const EXAMPLE = 784_111_777_000;

const seconds = fc.integer({ min: 0, max: 253_402_300_799 });

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

describe('HTTP dates', () => {
  it.each([
    ['an IMF-fixdate', 'Sun, 06 Nov 1994 08:49:37 GMT'],
    ['an obsolete date of RFC 850', 'Sunday, 06-Nov-94 08:49:37 GMT'],
    ["an obsolete date of C's asctime", 'Sun Nov  6 08:49:37 1994'],
  ])('are read from %s', (_, header) => {
    expect(parseHttpDate(header)).toBe(EXAMPLE);
    expect(parseHttpDate(` ${header} `)).toBe(EXAMPLE);
  });

  it('are written as IMF-fixdate, in GMT', () => {
    expect(formatHttpDate(EXAMPLE + 999)).toBe('Sun, 06 Nov 1994 08:49:37 GMT');
  });

  it('are read as they were written', () => {
    fc.assert(
      fc.property(seconds, (second) => {
        expect(parseHttpDate(formatHttpDate(second * 1000))).toBe(second * 1000);
      }),
    );
  });

  it('are read from the obsolete formats as from the new one', () => {
    fc.assert(
      // Two digits of a year mean one from 1970 to 2069.
      fc.property(fc.integer({ min: 0, max: 3_155_759_999 }), (second) => {
        const [, weekday = '', day = '', month = '', year = '', time = ''] =
          /^(\w+), (\d+) (\w+) (\d+) (\S+) GMT$/.exec(formatHttpDate(second * 1000)) ?? [];
        const long = WEEKDAYS.find((name) => name.startsWith(weekday)) ?? '';
        const rfc850 = `${long}, ${day}-${month}-${year.slice(2)} ${time} GMT`;
        const asctime = `${weekday} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`;
        expect([rfc850, asctime].map(parseHttpDate)).toEqual([second * 1000, second * 1000]);
      }),
    );
  });

  it('are read as whole seconds or not at all, whatever is there instead', () => {
    const damaged = fc.tuple(seconds, fc.nat(28), fc.string({ maxLength: 3 })).map(([second, at, text]) => {
      const date = formatHttpDate(second * 1000);
      return date.slice(0, at) + text + date.slice(at + 1);
    });
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), damaged), (header) => {
        const milliseconds = parseHttpDate(header);
        expect(milliseconds === undefined || formatHttpDate(milliseconds) === header.trim()).toBe(true);
      }),
    );
  });

  it('of RFC 850 lie in the last century when their year would else be far in the future', () => {
    expect(parseHttpDate('Friday, 31-Dec-99 23:59:59 GMT')).toBe(Date.UTC(1999, 11, 31, 23, 59, 59));
    expect(parseHttpDate('Friday, 01-Jan-27 00:00:00 GMT')).toBe(Date.UTC(2027, 0, 1));
  });

  it.each([
    '',
    'yesterday',
    '784111777',
    '1994-11-06T08:49:37Z',
    'Sun, 06 Nov 1994 08:49:37 +0100',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 25:49:37 GMT',
    'Mon, 06 Nov 1994 08:49:37 GMT',
    'Sun Nov 6 08:49:37 1994',
    'Sun Nov 31 08:49:37 1994',
    'Sun, 06-Nov-94 08:49:37 GMT',
    'Sunday, 06-Nov-1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
  ])('are not read from %j', (header) => {
    expect(parseHttpDate(header)).toBeUndefined();
  });
});
