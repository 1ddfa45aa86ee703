import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { resolveRange } from 'nestjs-image-cache';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  collect,
  digestOf,
  Meter,
  ownBuffer,
  streamOf,
  tellBreak,
  toBuffer,
} from '../../../../libs/image-cache/src/common/streams.js';

const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 8 });

const streamed = (chunks: readonly Uint8Array[]): Readable =>
  Readable.from(
    chunks.map((chunk) => Buffer.from(chunk)),
    { objectMode: false },
  );

describe('collect', () => {
  it('gives a body back whole, in whatever pieces it comes', async () => {
    await fc.assert(
      fc.asyncProperty(bodies, async (chunks) => {
        expect(await collect(streamed(chunks), 10_000)).toEqual(Buffer.concat(chunks));
      }),
    );
  });

  it('refuses a body beyond the limit and closes its stream', async () => {
    const stream = streamed([Buffer.alloc(10), Buffer.alloc(10)]);
    await expect(collect(stream, 19)).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_TOO_LARGE' });
    expect(stream.destroyed).toBe(true);
    expect(await collect(streamed([Buffer.alloc(19)]), 19)).toHaveLength(19);
  });

  it('takes text, and any view of bytes', async () => {
    expect((await collect(Readable.from(['grün', new Uint8Array([33])]), 100)).toString()).toBe('grün!');
    expect(toBuffer(new DataView(new Uint8Array([1, 2, 3]).buffer, 1))).toEqual(Buffer.from([2, 3]));
  });

  it('refuses a stream that gives something else', async () => {
    await expect(collect(Readable.from([{ width: 1 }]), 100)).rejects.toThrow('neither bytes nor strings');
  });

  it('fails as the stream does', async () => {
    const stream = new Readable({ read: () => undefined });
    const collected = collect(stream, 100);
    stream.push('start');
    stream.destroy(new Error('gone'));
    await expect(collected).rejects.toThrow('gone');
  });
});

describe('ownBuffer', () => {
  it('copies a small slice out of a large pool, and nothing else', () => {
    const pool = Buffer.alloc(100_000, 'pool');
    const slice = ownBuffer(pool.subarray(10, 1000));
    expect(slice).toEqual(pool.subarray(10, 1000));
    expect(slice.buffer.byteLength).toBe(990);
    expect(ownBuffer(pool)).toBe(pool);
    expect(ownBuffer(pool.subarray(1)).buffer).toBe(pool.buffer);
  });
});

describe('Meter', () => {
  it('passes a body on as it is, and knows its size and digest', async () => {
    await fc.assert(
      fc.asyncProperty(bodies, async (chunks) => {
        const meter = new Meter();
        const passed: Buffer[] = [];
        meter.on('data', (chunk: Buffer) => passed.push(chunk));
        await pipeline(streamed(chunks), meter);
        const body = Buffer.concat(chunks);
        expect(Buffer.concat(passed)).toEqual(body);
        expect(meter.result()).toEqual({ size: body.byteLength, digest: digestOf(body) });
      }),
    );
  });

  it('computes the digest that others compute', () => {
    expect(digestOf(Buffer.from('abc'))).toBe(createHash('sha256').update('abc').digest('base64url'));
  });
});

describe('tellBreak', () => {
  it('passes a body on as it is', async () => {
    await fc.assert(
      fc.asyncProperty(bodies, async (chunks) => {
        const told: unknown[] = [];
        const body = tellBreak(streamed(chunks), (error) => told.push(error));
        expect(await collect(body, 10_000)).toEqual(Buffer.concat(chunks));
        expect(told).toEqual([]);
      }),
    );
  });

  it('tells of a body that breaks, and fails as it does', async () => {
    const told: unknown[] = [];
    const error = new Error('broken');
    const source = new Readable({ read: () => undefined });
    const collected = collect(
      tellBreak(source, (each) => told.push(each)),
      100,
    );
    source.push('start');
    source.destroy(error);
    await expect(collected).rejects.toBe(error);
    expect(told).toEqual([error]);
  });

  it.each([undefined, new Error('disk full')])(
    'closes a body that its reader gives up with %p, and tells nothing',
    async (reason) => {
      const told: unknown[] = [];
      const source = Readable.from([Buffer.from('start'), Buffer.from('end')]);
      const body = tellBreak(source, (each) => told.push(each));
      body.on('error', () => undefined);
      await once(body, 'readable');
      body.destroy(reason);
      await once(source, 'close');
      expect(source.destroyed).toBe(true);
      expect(told).toEqual([]);
    },
  );
});

describe('streamOf', () => {
  it('streams a body that is at hand', async () => {
    const body = Buffer.from('body');
    expect(await collect(streamOf(body), 100)).toEqual(body);
    expect(await collect(streamOf(Buffer.alloc(0)), 100)).toHaveLength(0);
  });
});

describe('resolveRange', () => {
  it('means the bytes that there are of those asked for, or none', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(25), fc.option(fc.nat(25), { nil: undefined }), (size, start, end) => {
        const positions = [...Array(size).keys()];
        const wanted = positions.filter((position) => position >= start && position <= (end ?? Infinity));
        const range = resolveRange(end === undefined ? { start } : { start, end }, size);
        expect(range && positions.slice(range.start, range.end + 1)).toEqual(wanted.length > 0 ? wanted : undefined);
      }),
    );
  });

  it('means the last bytes, or none', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(25), (size, suffix) => {
        const positions = [...Array(size).keys()];
        const range = resolveRange({ suffix }, size);
        const wanted = suffix === 0 ? [] : positions.slice(-suffix);
        expect(range && positions.slice(range.start, range.end + 1)).toEqual(wanted.length > 0 ? wanted : undefined);
      }),
    );
  });
});
