import { describe, expect, it } from '@jest/globals';
import { Fields, parseIdentifier } from '../../../../libs/image-cache/src/admin/input/fields.js';

const KNOWN = ['text', 'list', 'flag', 'number', 'choice'] as const;

type Read = (fields: Fields<(typeof KNOWN)[number]>) => unknown;

const READS: Readonly<Record<(typeof KNOWN)[number], Read>> = {
  text: (fields) => fields.text('text'),
  list: (fields) => fields.texts('list', 2),
  flag: (fields) => fields.flag('flag'),
  number: (fields) => fields.integer('number', { min: -5, max: 5 }),
  choice: (fields) => fields.choice('choice', ['a', 'b']),
};

const read = (name: keyof typeof READS, value: unknown): unknown =>
  READS[name](Fields.of({ [name]: value }, KNOWN, 'body'));

describe('the fields of a request', () => {
  it.each<[keyof typeof READS, unknown, unknown]>([
    ['text', 'a', 'a'],
    ['text', undefined, undefined],
    ['text', '💥'.repeat(2048), '💥'.repeat(2048)],
    ['list', ['a', 'b'], ['a', 'b']],
    ['list', undefined, undefined],
    ['flag', true, true],
    ['flag', 'true', true],
    ['flag', 'false', false],
    ['flag', undefined, false],
    ['number', 5, 5],
    ['number', '-5', -5],
    ['number', undefined, undefined],
    ['choice', 'a', 'a'],
    ['choice', undefined, undefined],
  ])('%s: takes %j', (name, value, expected) => {
    expect(read(name, value)).toEqual(expected);
  });

  it.each<[keyof typeof READS, unknown, string]>([
    ['text', '', 'text: is empty.'],
    ['text', 1, 'text: 1 is no text.'],
    ['text', null, 'text: null is no text.'],
    ['text', ['a'], "text: [ 'a' ] is no text."],
    ['text', 'a\0b', 'text: contains a NUL.'],
    ['text', 'a'.repeat(4097), 'text: has more than 4096 characters.'],
    ['list', [], 'list: has to be a list of 1 to 2 texts.'],
    ['list', ['a', 'b', 'c'], 'list: has to be a list of 1 to 2 texts.'],
    ['list', { length: 1 }, 'list: has to be a list of 1 to 2 texts.'],
    ['list', ['a', ''], 'list[1]: is empty.'],
    ['flag', 'yes', 'flag: "yes" is neither true nor false.'],
    ['flag', 1, 'flag: 1 is neither true nor false.'],
    ['number', 6, 'number: 6 is not a whole number from -5 to 5.'],
    ['number', '1.5', 'number: "1.5" is not a whole number from -5 to 5.'],
    ['number', '', 'number: "" is not a whole number from -5 to 5.'],
    ['number', '9'.repeat(400), `number: "${'9'.repeat(99)}… is not a whole number from -5 to 5.`],
    ['choice', 'toString', 'choice: "toString" is none of a, b.'],
    ['choice', 'a\nb', 'choice: "a\\nb" is none of a, b.'],
  ])('%s: refuses %j', (name, value, message) => {
    expect(() => read(name, value)).toThrow(message);
  });

  it('are only those that there are', () => {
    const hostile: unknown = JSON.parse('{"__proto__":{"flag":true}}');
    expect(() => Fields.of(hostile, KNOWN, 'body')).toThrow('"__proto__": there is no such field in the body');
    expect(() => Fields.of({ constructor: 1 }, KNOWN, 'query')).toThrow('"constructor": there is no such field');
    for (const none of [[], 'text', 1, true]) expect(() => Fields.of(none, KNOWN, 'body')).toThrow('body: has to be');
    for (const none of [undefined, null, {}]) expect(Fields.of(none, KNOWN, 'body').has('text')).toBe(false);
    expect(Fields.of(Object.create({ flag: true }), KNOWN, 'body').flag('flag')).toBe(false);
  });

  it('may have to be there', () => {
    const none = Fields.of({}, KNOWN, 'body');
    expect(() => none.requiredText('text')).toThrow('text: is missing.');
    expect(() => none.requiredChoice('choice', ['a', 'b'])).toThrow('choice: is missing; give one of a, b.');
  });

  it.each(['', undefined, 'a\0', 'x'.repeat(5000)])('an identifier in the path: refuses %.20j', (value) => {
    expect(() => parseIdentifier(value)).toThrow(/^identifier: /);
  });
});
