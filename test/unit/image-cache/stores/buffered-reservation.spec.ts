import { describe, expect, it } from '@jest/globals';
import { BufferedReservation, type BufferedEntry, type NewEntryMeta } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

const META: NewEntryMeta = { identifier: 'image', contentType: 'image/jpeg', createdAt: 1 };
const BODY = Buffer.from('body');

/** A reservation with what it has published and how often it ended without. */
function reserve({ limit = 10, answers = true }: { limit?: number; answers?: boolean | Error } = {}) {
  const clock = new FakeClock();
  const published: BufferedEntry[] = [];
  let unused = 0;
  const publish = (entry: BufferedEntry): boolean => {
    published.push(entry);
    if (answers instanceof Error) throw answers;
    return answers;
  };
  const onUnused = (): void => void (unused += 1);
  const reservation = new BufferedReservation({ generation: '7', limit, clock, publish, onUnused });
  return { reservation, clock, published, unused: () => unused };
}

describe('BufferedReservation', () => {
  it.each([
    ['a Buffer', () => BODY],
    ['a stream', () => Readable.from([BODY.subarray(0, 1), BODY.subarray(1)])],
  ])('publishes %s with size, digest and the moment of the commit', async (_, body) => {
    const { reservation, clock, published, unused } = reserve();
    await clock.advance(500);
    const meta = await reservation.commit({ body: body() }, { ...META, announcedLength: 4 });
    expect(meta).toEqual({ ...META, size: 4, digest: createHash('sha256').update(BODY).digest('base64url') });
    expect(published).toEqual([{ meta, body: BODY, lastAccess: clock.now() }]);
    expect([reservation.generation, unused()]).toEqual(['7', 0]);
  });

  it('passes the last access of a copy on, and not among the metadata', async () => {
    const { reservation, published } = reserve();
    const meta = await reservation.commit({ body: BODY }, { ...META, lastAccess: 12 });
    expect(published).toEqual([{ meta, body: BODY, lastAccess: 12 }]);
    expect(meta).not.toHaveProperty('lastAccess');
  });

  it('is fenced when the store does not publish, and takes no second body', async () => {
    const { reservation, published, unused } = reserve({ answers: false });
    expect(await reservation.commit({ body: BODY }, META)).toBe('fenced');
    expect(await reservation.commit({ body: BODY }, META)).toBe('fenced');
    expect([published.length, unused()]).toEqual([1, 1]);
  });

  it('publishes nothing after it was given back, however often', async () => {
    const { reservation, published, unused } = reserve();
    await reservation.abort();
    await reservation.abort();
    expect(await reservation.commit({ body: BODY }, META)).toBe('fenced');
    expect([published.length, unused()]).toEqual([0, 1]);
  });

  it.each([
    ['a body of another length than was announced', { body: BODY }, 'E_IMAGE_CACHE_LENGTH_MISMATCH'],
    ['a Buffer beyond the limit', { body: Buffer.alloc(11) }, 'E_IMAGE_CACHE_TOO_LARGE'],
    ['a stream beyond the limit', { body: Readable.from([Buffer.alloc(11)]) }, 'E_IMAGE_CACHE_TOO_LARGE'],
    ['a file', { file: true }, 'E_IMAGE_CACHE_UNSUPPORTED'],
  ] as const)('refuses %s and ends', async (_, source, code) => {
    const { reservation, published, unused } = reserve();
    await expect(reservation.commit(source, { ...META, announcedLength: 3 })).rejects.toMatchObject({ code });
    expect(await reservation.commit({ body: BODY }, META)).toBe('fenced');
    expect([published.length, unused()]).toEqual([0, 1]);
  });

  it('fails as the store does', async () => {
    const { reservation, unused } = reserve({ answers: new Error('disk full') });
    await expect(reservation.commit({ body: BODY }, META)).rejects.toThrow('disk full');
    expect(unused()).toBe(1);
  });
});
