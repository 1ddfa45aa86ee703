import { describe, expect, it } from '@jest/globals';
import { addToVary, isCovered } from '../../../../libs/image-cache/src/http/vary.js';

describe('Vary', () => {
  it.each<[string, readonly string[], boolean]>([
    ['', [], true],
    ['Accept-Encoding', [], true],
    ['accept-encoding ,ORIGIN', [], true],
    ['Accept', [], false],
    ['Accept', ['accept'], true],
    ['accept', ['Accept'], true],
    ['Accept, Origin', ['Accept'], true],
    ['Accept, Cookie', ['Accept'], false],
    ['X-Accept', ['Accept'], false],
    ['*', [], false],
    ['Accept, *', ['Accept'], false],
  ])('%j is covered by %j: %s', (vary, covered, expected) => {
    expect(isCovered(vary, covered)).toBe(expected);
  });

  it.each<[string | undefined, readonly string[], string]>([
    [undefined, ['Accept'], 'Accept'],
    ['', ['Accept', 'DPR'], 'Accept, DPR'],
    ['Origin', ['Accept'], 'Origin, Accept'],
    ['accept,Origin', ['Accept'], 'Accept, Origin'],
    ['*', ['Accept'], '*'],
  ])('%j with %j is %j', (vary, names, expected) => {
    expect(addToVary(vary, names)).toBe(expected);
  });
});
