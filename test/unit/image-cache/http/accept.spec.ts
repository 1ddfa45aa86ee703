import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { negotiateFormat, type NegotiableFormat } from 'nestjs-image-cache';

const AUTO: readonly NegotiableFormat[] = ['avif', 'webp', 'jpeg'];

describe('negotiateFormat', () => {
  it.each<[string | undefined, readonly NegotiableFormat[], NegotiableFormat]>([
    ['image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8', AUTO, 'avif'],
    ['image/webp,*/*', AUTO, 'webp'],
    ['image/png,image/*;q=0.8,*/*;q=0.5', AUTO, 'jpeg'],
    ['*/*', AUTO, 'jpeg'],
    ['image/*', AUTO, 'jpeg'],
    [undefined, AUTO, 'jpeg'],
    ['', AUTO, 'jpeg'],
    ['text/html', AUTO, 'jpeg'],
    ['IMAGE/AVIF', AUTO, 'avif'],
    ['image/avif;q=0, image/webp', AUTO, 'webp'],
    ['image/avif ; Q = 0.000, image/webp', AUTO, 'webp'],
    ['image/avif;q=0.001, image/webp;q=1', AUTO, 'avif'],
    ['image/avifs', AUTO, 'jpeg'],
    ['image/png', ['webp', 'png'], 'png'],
    ['image/webp', ['png', 'webp'], 'webp'],
    ['*/*', ['webp', 'png'], 'png'],
    ['*/*', ['avif', 'webp'], 'webp'],
  ])('agrees by %j and %j on %s', (accept, formats, expected) => {
    expect(negotiateFormat(accept, formats)).toBe(expected);
  });

  it('makes one of the formats of whatever a client says', () => {
    const noise = fc.string({ unit: fc.constantFrom('image/', 'avif', 'webp', '*', ';', 'q=', '0', ',', ' ') });
    fc.assert(fc.property(noise, (accept) => AUTO.includes(negotiateFormat(accept, AUTO))));
  });
});
