import { beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Background } from '../../../../libs/image-cache/src/common/background.js';
import { FilePlace, MemoryPlace, type Place } from '../../../../libs/image-cache/src/tiers/body-places.js';
import { SharedBody } from '../../../../libs/image-cache/src/tiers/shared-body.js';
import { until } from '../../../support/async.js';
import { seededBytes } from '../../../support/random.js';

const START = seededBytes(100_000);
const REST = seededBytes(300_000);
const WHOLE = Buffer.concat([START, REST]);

/** Tells how often it is read, and whether it has been closed. */
class WatchedPlace implements Place {
  reads = 0;
  closed = 0;
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  append(bytes: Buffer): Promise<number> {
    return this.#place.append(bytes);
  }

  read(position: number, length: number): Promise<Buffer> {
    this.reads += 1;
    return this.#place.read(position, length);
  }

  close(): Promise<void> {
    this.closed += 1;
    return this.#place.close();
  }
}

describe.each<[string, () => Promise<Place>]>([
  ['in a file', () => FilePlace.temporary()],
  ['in memory', () => Promise.resolve(new MemoryPlace(WHOLE.byteLength))],
])('a body that grows %s', (_, make) => {
  let place: WatchedPlace;
  let rest: PassThrough;
  let body: SharedBody;
  let failures: unknown[];

  beforeEach(async () => {
    failures = [];
    rest = new PassThrough();
    place = new WatchedPlace(await make());
    const background = new Background((_what, error) => failures.push(error));
    body = await SharedBody.growing(place, { start: START, rest, background });
  });

  const firstOf = (reader: Readable): Promise<unknown> => once(reader, 'readable');

  it('gives its start before its end is there, and all of it to who comes when it is', async () => {
    const early = body.read();
    await firstOf(early);
    expect([body.isComplete, body.size]).toEqual([false, START.byteLength]);
    const reading = buffer(early);
    rest.write(REST.subarray(0, 1000));
    await until(() => body.size === START.byteLength + 1000);
    const between = buffer(body.read());
    rest.end(REST.subarray(1000));
    await body.completed();
    for (const read of [reading, between, buffer(body.read())]) expect((await read).equals(WHOLE)).toBe(true);
    expect([body.isComplete, body.size]).toEqual([true, WHOLE.byteLength]);
    body.release();
    await until(() => place.closed === 1);
    expect(failures).toEqual([]);
  });

  it('reads nothing ahead for who does not read, and does not wait for them', async () => {
    const slow = Array.from({ length: 20 }, () => body.read());
    await Promise.all(slow.map(firstOf));
    rest.end(REST);
    await body.completed();
    expect(slow.every((reader) => reader.readableLength <= 2 * 64 * 1024)).toBe(true);
    expect(place.reads).toBeLessThanOrEqual(2 * slow.length);
    for (const reader of slow) expect((await buffer(reader)).equals(WHOLE)).toBe(true);
    body.release();
  });

  it('lets who waits for more leave at once, and goes on for the others', async () => {
    const [leaving, staying] = [body.read(), body.read()];
    leaving.resume();
    const reading = buffer(staying);
    await until(() => place.reads >= 4);
    leaving.destroy();
    await once(leaving, 'close');
    rest.end(REST);
    expect((await reading).equals(WHOLE)).toBe(true);
    body.release();
    await until(() => place.closed === 1);
  });

  it('breaks for all when its rest does, and for who comes then', async () => {
    const readers = [body.read(), body.read()];
    readers[0]?.resume();
    rest.write(REST);
    await until(() => body.size === WHOLE.byteLength);
    rest.destroy(new Error('the line went dead'));
    for (const reader of readers) await expect(buffer(reader)).rejects.toThrow('the line went dead');
    await expect(body.completed()).rejects.toThrow('the line went dead');
    expect(() => body.read()).toThrow('the line went dead');
    body.release();
    await until(() => place.closed === 1);
  });

  it('may be broken from outside, and takes nothing more then', async () => {
    const reading = buffer(body.read());
    body.break(new Error('too late'));
    await expect(reading).rejects.toThrow('too late');
    rest.end(REST);
    await until(() => rest.destroyed);
    expect(body.size).toBe(START.byteLength);
    body.release();
    await until(() => place.closed === 1);
  });

  it('is not closed while somebody reads, though the one who made it has done with it', async () => {
    const reader = body.read();
    rest.end(REST);
    await body.completed();
    body.release();
    expect((await buffer(reader)).equals(WHOLE)).toBe(true);
    await until(() => place.closed === 1);
  });
});
