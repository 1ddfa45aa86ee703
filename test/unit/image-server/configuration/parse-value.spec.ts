import { describe, expect, it } from '@jest/globals';
import { integer, list, text } from '../../../../apps/image-server/src/configuration/key-definition.js';
import { displayed } from '../../../../apps/image-server/src/configuration/masking.js';
import { parseValue } from '../../../../apps/image-server/src/configuration/parse-value.js';

const names = list('names', { description: 'Names.' });
const secret = integer('secret', { description: 'Secret.', secret: true });

describe('A list', () => {
  it('is written as such in a file and as JSON in the environment', () => {
    expect(parseValue(names, { value: ['a', 'b'], origin: 'file:1' })).toEqual(['a', 'b']);
    expect(parseValue(names, { value: '["a","b"]', origin: 'NAMES' })).toEqual(['a', 'b']);
  });

  it.each(['a,b', '{"a":1}', '[1]', '', [1]])('is not %j', (value) => {
    expect(() => parseValue(names, { value, origin: 'NAMES' })).toThrow(
      'is not a list of texts (in the environment a JSON array).',
    );
  });
});

describe('A secret', () => {
  it('is not shown, not even when it is wrong', () => {
    expect(displayed(secret, 'hunter2')).toBe('***');
    expect(() => parseValue(secret, { value: 'hunter2', origin: 'SECRET' })).toThrow(
      'secret: *** (SECRET) is not a whole number',
    );
  });

  it.each([
    ['redis://me:hunter2@host/0', 'redis://me:***@host/0'],
    ['redis://:hunter2@host', 'redis://:***@host'],
    ['https://me:p@ss:w0rd@host/a:b@c', 'https://me:***@host/a:b@c'],
    ['https://host:8080/path', 'https://host:8080/path'],
    ['https://me@host/', 'https://me@host/'],
  ])('is masked in the URL %s', (url, shown) => {
    expect(displayed(text('url', { description: 'URL.' }), url)).toBe(shown);
  });
});
