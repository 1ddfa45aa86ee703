import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { filesystemStore, heapStore, type ImageCacheOptions, type StoreFactory } from 'nestjs-image-cache';
import { until } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { Originals, SmallImageServer } from '../support/small-image-server.js';

/**
 * What is answered, and who is asked for it: status, the version of the source that was served where it has changed, then
 * the numbers of source lookups, info reads and renders.
 *
 * `first`: nothing is cached. `repeat`: the same was asked for before. `restart`: it was asked for before the process was
 * started anew. The source is as it says since then; nothing that is gone or unavailable is evicted (`evictMissing` off).
 */
const MATRIX = `
  store | info | heap info | mode | source | first image | repeated image | image after restart | first info | repeated info | info after restart
  none  | off | off | aggressive   | present     | 200 4.1.1     | 200 4.1.1     | 200 4.1.1     | 200 2.1.0     | 200 2.1.0     | 200 2.1.0
  none  | off | off | aggressive   | gone        | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0
  none  | off | off | aggressive   | unavailable | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0
  none  | off | off | aggressive   | changed     | 200 new 4.1.1 | 200 new 4.1.1 | 200 new 4.1.1 | 200 new 2.1.0 | 200 new 2.1.0 | 200 new 2.1.0
  none  | off | off | conservative | present     | 200 5.1.1     | 200 5.1.1     | 200 5.1.1     | 200 3.1.0     | 200 3.1.0     | 200 3.1.0
  none  | off | off | conservative | gone        | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0
  none  | off | off | conservative | unavailable | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0
  none  | off | off | conservative | changed     | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 3.1.0 | 200 new 3.1.0 | 200 new 3.1.0
  none  | off | on  | aggressive   | present     | 200 4.1.1     | 200 2.0.1     | 200 4.1.1     | 200 2.1.0     | 200 0.0.0     | 200 2.1.0
  none  | off | on  | aggressive   | gone        | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 200 0.0.0     | 404 1.0.0
  none  | off | on  | aggressive   | unavailable | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 200 0.0.0     | 503 1.0.0
  none  | off | on  | aggressive   | changed     | 200 new 4.1.1 | 200 new 5.1.1 | 200 new 4.1.1 | 200 new 2.1.0 | 200 old 0.0.0 | 200 new 2.1.0
  none  | off | on  | conservative | present     | 200 5.1.1     | 200 3.0.1     | 200 5.1.1     | 200 3.1.0     | 200 1.0.0     | 200 3.1.0
  none  | off | on  | conservative | gone        | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0
  none  | off | on  | conservative | unavailable | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0
  none  | off | on  | conservative | changed     | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 3.1.0 | 200 new 3.1.0 | 200 new 3.1.0
  none  | on  | off | aggressive   | present     | 200 4.1.1     | 200 2.0.1     | 200 2.0.1     | 200 2.1.0     | 200 0.0.0     | 200 0.0.0
  none  | on  | off | aggressive   | gone        | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 200 0.0.0     | 200 0.0.0
  none  | on  | off | aggressive   | unavailable | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 200 0.0.0     | 200 0.0.0
  none  | on  | off | aggressive   | changed     | 200 new 4.1.1 | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 2.1.0 | 200 old 0.0.0 | 200 old 0.0.0
  none  | on  | off | conservative | present     | 200 5.1.1     | 200 3.0.1     | 200 3.0.1     | 200 3.1.0     | 200 1.0.0     | 200 1.0.0
  none  | on  | off | conservative | gone        | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0
  none  | on  | off | conservative | unavailable | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0
  none  | on  | off | conservative | changed     | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 3.1.0 | 200 new 3.1.0 | 200 new 3.1.0
  none  | on  | on  | aggressive   | present     | 200 4.1.1     | 200 2.0.1     | 200 2.0.1     | 200 2.1.0     | 200 0.0.0     | 200 0.0.0
  none  | on  | on  | aggressive   | gone        | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 200 0.0.0     | 200 0.0.0
  none  | on  | on  | aggressive   | unavailable | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 200 0.0.0     | 200 0.0.0
  none  | on  | on  | aggressive   | changed     | 200 new 4.1.1 | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 2.1.0 | 200 old 0.0.0 | 200 old 0.0.0
  none  | on  | on  | conservative | present     | 200 5.1.1     | 200 3.0.1     | 200 3.0.1     | 200 3.1.0     | 200 1.0.0     | 200 1.0.0
  none  | on  | on  | conservative | gone        | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0
  none  | on  | on  | conservative | unavailable | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0
  none  | on  | on  | conservative | changed     | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 3.1.0 | 200 new 3.1.0 | 200 new 3.1.0
  heap  | off | off | aggressive   | present     | 200 4.1.1     | 200 2.1.0     | 200 4.1.1     | 200 2.1.0     | 200 2.1.0     | 200 2.1.0
  heap  | off | off | aggressive   | gone        | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0
  heap  | off | off | aggressive   | unavailable | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0
  heap  | off | off | aggressive   | changed     | 200 new 4.1.1 | 200 new 4.1.1 | 200 new 4.1.1 | 200 new 2.1.0 | 200 new 2.1.0 | 200 new 2.1.0
  heap  | off | off | conservative | present     | 200 5.1.1     | 200 3.1.0     | 200 5.1.1     | 200 3.1.0     | 200 3.1.0     | 200 3.1.0
  heap  | off | off | conservative | gone        | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0
  heap  | off | off | conservative | unavailable | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0
  heap  | off | off | conservative | changed     | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 3.1.0 | 200 new 3.1.0 | 200 new 3.1.0
  heap  | off | on  | aggressive   | present     | 200 4.1.1     | 200 0.0.0     | 200 4.1.1     | 200 2.1.0     | 200 0.0.0     | 200 2.1.0
  heap  | off | on  | aggressive   | gone        | 404 1.0.0     | 200 0.0.0     | 404 1.0.0     | 404 1.0.0     | 200 0.0.0     | 404 1.0.0
  heap  | off | on  | aggressive   | unavailable | 503 1.0.0     | 200 0.0.0     | 503 1.0.0     | 503 1.0.0     | 200 0.0.0     | 503 1.0.0
  heap  | off | on  | aggressive   | changed     | 200 new 4.1.1 | 200 old 0.0.0 | 200 new 4.1.1 | 200 new 2.1.0 | 200 old 0.0.0 | 200 new 2.1.0
  heap  | off | on  | conservative | present     | 200 5.1.1     | 200 1.0.0     | 200 5.1.1     | 200 3.1.0     | 200 1.0.0     | 200 3.1.0
  heap  | off | on  | conservative | gone        | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0
  heap  | off | on  | conservative | unavailable | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0
  heap  | off | on  | conservative | changed     | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 3.1.0 | 200 new 3.1.0 | 200 new 3.1.0
  heap  | on  | off | aggressive   | present     | 200 4.1.1     | 200 0.0.0     | 200 4.1.1     | 200 2.1.0     | 200 0.0.0     | 200 2.1.0
  heap  | on  | off | aggressive   | gone        | 404 1.0.0     | 200 0.0.0     | 404 1.0.0     | 404 1.0.0     | 200 0.0.0     | 404 1.0.0
  heap  | on  | off | aggressive   | unavailable | 503 1.0.0     | 200 0.0.0     | 503 1.0.0     | 503 1.0.0     | 200 0.0.0     | 503 1.0.0
  heap  | on  | off | aggressive   | changed     | 200 new 4.1.1 | 200 old 0.0.0 | 200 new 4.1.1 | 200 new 2.1.0 | 200 old 0.0.0 | 200 new 2.1.0
  heap  | on  | off | conservative | present     | 200 5.1.1     | 200 1.0.0     | 200 5.1.1     | 200 3.1.0     | 200 1.0.0     | 200 3.1.0
  heap  | on  | off | conservative | gone        | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0
  heap  | on  | off | conservative | unavailable | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0
  heap  | on  | off | conservative | changed     | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 3.1.0 | 200 new 3.1.0 | 200 new 3.1.0
  heap  | on  | on  | aggressive   | present     | 200 4.1.1     | 200 0.0.0     | 200 4.1.1     | 200 2.1.0     | 200 0.0.0     | 200 2.1.0
  heap  | on  | on  | aggressive   | gone        | 404 1.0.0     | 200 0.0.0     | 404 1.0.0     | 404 1.0.0     | 200 0.0.0     | 404 1.0.0
  heap  | on  | on  | aggressive   | unavailable | 503 1.0.0     | 200 0.0.0     | 503 1.0.0     | 503 1.0.0     | 200 0.0.0     | 503 1.0.0
  heap  | on  | on  | aggressive   | changed     | 200 new 4.1.1 | 200 old 0.0.0 | 200 new 4.1.1 | 200 new 2.1.0 | 200 old 0.0.0 | 200 new 2.1.0
  heap  | on  | on  | conservative | present     | 200 5.1.1     | 200 1.0.0     | 200 5.1.1     | 200 3.1.0     | 200 1.0.0     | 200 3.1.0
  heap  | on  | on  | conservative | gone        | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0
  heap  | on  | on  | conservative | unavailable | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0
  heap  | on  | on  | conservative | changed     | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 3.1.0 | 200 new 3.1.0 | 200 new 3.1.0
  files | off | off | aggressive   | present     | 200 4.1.1     | 200 2.1.0     | 200 2.1.0     | 200 2.1.0     | 200 2.1.0     | 200 2.1.0
  files | off | off | aggressive   | gone        | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0
  files | off | off | aggressive   | unavailable | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0
  files | off | off | aggressive   | changed     | 200 new 4.1.1 | 200 new 4.1.1 | 200 new 4.1.1 | 200 new 2.1.0 | 200 new 2.1.0 | 200 new 2.1.0
  files | off | off | conservative | present     | 200 5.1.1     | 200 3.1.0     | 200 3.1.0     | 200 3.1.0     | 200 3.1.0     | 200 3.1.0
  files | off | off | conservative | gone        | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0
  files | off | off | conservative | unavailable | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0
  files | off | off | conservative | changed     | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 3.1.0 | 200 new 3.1.0 | 200 new 3.1.0
  files | off | on  | aggressive   | present     | 200 4.1.1     | 200 0.0.0     | 200 2.1.0     | 200 2.1.0     | 200 0.0.0     | 200 2.1.0
  files | off | on  | aggressive   | gone        | 404 1.0.0     | 200 0.0.0     | 404 1.0.0     | 404 1.0.0     | 200 0.0.0     | 404 1.0.0
  files | off | on  | aggressive   | unavailable | 503 1.0.0     | 200 0.0.0     | 503 1.0.0     | 503 1.0.0     | 200 0.0.0     | 503 1.0.0
  files | off | on  | aggressive   | changed     | 200 new 4.1.1 | 200 old 0.0.0 | 200 new 4.1.1 | 200 new 2.1.0 | 200 old 0.0.0 | 200 new 2.1.0
  files | off | on  | conservative | present     | 200 5.1.1     | 200 1.0.0     | 200 3.1.0     | 200 3.1.0     | 200 1.0.0     | 200 3.1.0
  files | off | on  | conservative | gone        | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0
  files | off | on  | conservative | unavailable | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0
  files | off | on  | conservative | changed     | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 3.1.0 | 200 new 3.1.0 | 200 new 3.1.0
  files | on  | off | aggressive   | present     | 200 4.1.1     | 200 0.0.0     | 200 0.0.0     | 200 2.1.0     | 200 0.0.0     | 200 0.0.0
  files | on  | off | aggressive   | gone        | 404 1.0.0     | 200 0.0.0     | 200 0.0.0     | 404 1.0.0     | 200 0.0.0     | 200 0.0.0
  files | on  | off | aggressive   | unavailable | 503 1.0.0     | 200 0.0.0     | 200 0.0.0     | 503 1.0.0     | 200 0.0.0     | 200 0.0.0
  files | on  | off | aggressive   | changed     | 200 new 4.1.1 | 200 old 0.0.0 | 200 old 0.0.0 | 200 new 2.1.0 | 200 old 0.0.0 | 200 old 0.0.0
  files | on  | off | conservative | present     | 200 5.1.1     | 200 1.0.0     | 200 1.0.0     | 200 3.1.0     | 200 1.0.0     | 200 1.0.0
  files | on  | off | conservative | gone        | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0
  files | on  | off | conservative | unavailable | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0
  files | on  | off | conservative | changed     | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 3.1.0 | 200 new 3.1.0 | 200 new 3.1.0
  files | on  | on  | aggressive   | present     | 200 4.1.1     | 200 0.0.0     | 200 0.0.0     | 200 2.1.0     | 200 0.0.0     | 200 0.0.0
  files | on  | on  | aggressive   | gone        | 404 1.0.0     | 200 0.0.0     | 200 0.0.0     | 404 1.0.0     | 200 0.0.0     | 200 0.0.0
  files | on  | on  | aggressive   | unavailable | 503 1.0.0     | 200 0.0.0     | 200 0.0.0     | 503 1.0.0     | 200 0.0.0     | 200 0.0.0
  files | on  | on  | aggressive   | changed     | 200 new 4.1.1 | 200 old 0.0.0 | 200 old 0.0.0 | 200 new 2.1.0 | 200 old 0.0.0 | 200 old 0.0.0
  files | on  | on  | conservative | present     | 200 5.1.1     | 200 1.0.0     | 200 1.0.0     | 200 3.1.0     | 200 1.0.0     | 200 1.0.0
  files | on  | on  | conservative | gone        | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0     | 404 1.0.0
  files | on  | on  | conservative | unavailable | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0     | 503 1.0.0
  files | on  | on  | conservative | changed     | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 5.1.1 | 200 new 3.1.0 | 200 new 3.1.0 | 200 new 3.1.0
`;

type Turn = 'first' | 'repeat' | 'restart';

interface Row {
  readonly store: string;
  readonly info: string;
  readonly heapInfo: string;
  readonly mode: string;
  readonly source: string;
  readonly expected: readonly string[];
}

function parse(line: string): Row {
  const [store = '', info = '', heapInfo = '', mode = '', source = '', ...expected] = line
    .split('|')
    .map((cell) => cell.trim());
  return { store, info, heapInfo, mode, source, expected };
}

const ROWS = MATRIX.trim().split('\n').slice(1).map(parse);

const CELLS = (['image', 'info'] as const).flatMap((kind) =>
  (['first', 'repeat', 'restart'] as const).map((turn) => [kind, turn] as const),
);

describe('the tiers as a whole', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(() => directory.remove());

  function optionsOf({ store, info, heapInfo, mode }: Row, name: string): ImageCacheOptions {
    const files = filesystemStore({ directory: `${directory.path}/${name}` });
    const stores: Readonly<Record<string, StoreFactory>> = { heap: heapStore(), files };
    const variant = stores[store];
    return {
      variant: variant === undefined ? false : { store: variant },
      info: info === 'on' ? { store: variant ?? files } : false,
      ...(heapInfo === 'off' && { heapInfo: false }),
      resolveFirst: mode === 'conservative',
    };
  }

  function disturb(originals: Originals, source: string): void {
    if (source === 'gone') originals.remove('a');
    if (source === 'changed') originals.put('a', 2);
    originals.source.unavailable = source === 'unavailable';
  }

  /** All that was served has come to the stores. */
  async function settled({ cache }: SmallImageServer, { store, info }: Row, kind: 'image' | 'info'): Promise<void> {
    const expected = (info === 'on' ? 1 : 0) + (kind === 'image' && store !== 'none' ? 1 : 0);
    await until(() => cache.stats().stored === expected);
  }

  async function cell(row: Row, kind: 'image' | 'info', turn: Turn): Promise<string> {
    const originals = new Originals();
    originals.put('a', 1);
    const options = optionsOf(row, `${kind}-${turn}`);
    let server = await SmallImageServer.start(originals, options);
    if (turn !== 'first') {
      await server[kind]('a');
      await settled(server, row, kind);
    }
    if (turn === 'restart') {
      await server.cache.close();
      server = await SmallImageServer.start(originals, options);
    }
    disturb(originals, row.source);
    originals.resetCounts();
    const { status, version } = await server[kind]('a');
    const age = row.source === 'changed' && version !== undefined ? ` ${version === 2 ? 'new' : 'old'}` : '';
    await server.cache.close();
    return `${status}${age} ${originals.source.lookups}.${originals.reads}.${originals.renders}`;
  }

  it.each(ROWS)('$store, info $info, heap info $heapInfo, $mode, source $source', async (row) => {
    const actual: string[] = [];
    for (const [kind, turn] of CELLS) actual.push(await cell(row, kind, turn));
    expect(actual).toEqual(row.expected);
  });

  it('has every combination in its matrix once', () => {
    const combinations = ROWS.map(({ store, info, heapInfo, mode, source }) =>
      [store, info, heapInfo, mode, source].join(' '),
    );
    expect(new Set(combinations)).toHaveProperty('size', 3 * 2 * 2 * 2 * 4);
    expect(combinations).toHaveLength(96);
  });
});
