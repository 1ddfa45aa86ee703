import { open } from 'node:fs/promises';

/** A source image: a file, or its bytes. */
export type ImageInput = { readonly file: string } | Buffer;

/** Reads bytes of an image: at most `length` from `offset`, fewer at its end. */
export type ReadAt = (offset: number, length: number) => Promise<Buffer>;

/** Calls `use` with a reader for the image and its size in bytes, and closes the image afterwards. */
export async function withReader<T>(input: ImageInput, use: (read: ReadAt, size: number) => Promise<T>): Promise<T> {
  if (Buffer.isBuffer(input)) {
    return use((offset, length) => Promise.resolve(input.subarray(offset, offset + length)), input.length);
  }
  const handle = await open(input.file);
  try {
    const { size } = await handle.stat();
    return await use(async (offset, length) => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    }, size);
  } finally {
    await handle.close();
  }
}
