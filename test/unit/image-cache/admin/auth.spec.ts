import { describe, expect, it } from '@jest/globals';
import { FakeClock } from 'nestjs-image-cache/testing';
import { Credentials } from '../../../../libs/image-cache/src/admin/auth/credentials.js';
import { FailedAttempts } from '../../../../libs/image-cache/src/admin/auth/failed-attempts.js';
import { isForeignSite } from '../../../../libs/image-cache/src/admin/auth/foreign-site.js';

const basic = (pair: string | Buffer): string => `Basic ${Buffer.from(pair).toString('base64')}`;

describe('credentials', () => {
  const credentials = new Credentials({ username: 'ädä', secret: 'a:b pässword' });

  it.each([basic('ädä:a:b pässword'), basic('ädä:a:b pässword').replace('Basic', 'bASIC  ')])('match: %s', (header) => {
    expect(credentials.match(header)).toBe(true);
  });

  it('match as a token', () => {
    expect(new Credentials({ username: 'a', secret: 't0k3n-._~+/=' }).match('Bearer t0k3n-._~+/=')).toBe(true);
  });

  it.each([
    '',
    'Basic',
    'Basic ',
    'Basic !',
    basic(''),
    basic(':'),
    basic('ädä'),
    basic('ädä:'),
    basic('ädä:a'),
    basic('ädä:a:b password'),
    basic('eve:a:b pässword'),
    basic('ädä:a:b pässword\n'),
    basic(Buffer.from([0xff, 0xfe, 0x3a, 0x00])),
    `${basic('ädä:a:b pässword')}, x`,
    'Bearer a',
    'Bearer ',
    'Bearer a:b pässword',
  ])('do not match: %j', (header) => {
    expect(credentials.match(header)).toBe(false);
  });

  it('take no longer for a long header', () => {
    expect(credentials.match(`Basic ${'A'.repeat(1_000_000)}`)).toBe(false);
    expect(credentials.match(`Basic${' '.repeat(1_000_000)}!`)).toBe(false);
  });
});

describe('failed attempts', () => {
  it('close the door to a client after ten, until a minute after the first', async () => {
    const clock = new FakeClock(1000);
    const attempts = new FailedAttempts(clock);
    for (let each = 0; each < 9; each += 1) attempts.add('a');
    expect(attempts.retryAfter('a')).toBeUndefined();
    await clock.advance(20_500);
    attempts.add('a');
    expect([attempts.retryAfter('a'), attempts.retryAfter('b')]).toEqual([40, undefined]);
    await clock.advance(39_500);
    expect(attempts.retryAfter('a')).toBeUndefined();
    attempts.add('a');
    expect(attempts.retryAfter('a')).toBeUndefined();
  });

  it('take a bounded memory, whoever comes', () => {
    const attempts = new FailedAttempts(new FakeClock(0));
    for (let each = 0; each < 30_000; each += 1) attempts.add(`client ${each}`);
    expect(attempts.clients).toBe(10_000);
  });
});

describe('a request of another site', () => {
  const host = 'images.example:8182';

  it.each([
    [{ site: 'cross-site' }, true],
    [{ site: 'same-site', origin: 'http://images.example:8182' }, true],
    [{ site: '' }, true],
    [{ site: 'same-origin' }, false],
    [{ site: 'none' }, false],
    [{ origin: 'http://images.example:8182' }, false],
    [{ origin: 'https://IMAGES.example:8182' }, false],
    [{ origin: 'http://images.example' }, true],
    [{ origin: 'http://images.example:8182.evil.example' }, true],
    [{ origin: 'null' }, true],
    [{ origin: '' }, true],
    [{}, false],
  ])('%j: %s', (headers, isForeign) => {
    expect(isForeignSite({ site: undefined, origin: undefined, host, ...headers })).toBe(isForeign);
  });
});
