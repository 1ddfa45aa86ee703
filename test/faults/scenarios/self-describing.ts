import { createHash } from 'node:crypto';

/** A body that any part of another one would spoil: a line that names it, repeated, and the hash of that. */
export function describedBody(label: string, size: number): Buffer {
  const content = Buffer.alloc(size, `${label}\n`);
  return Buffer.concat([createHash('sha256').update(content).digest(), content]);
}

/** Whether a body is whole and of one piece. */
export function isDescribed(body: Buffer): boolean {
  return createHash('sha256').update(body.subarray(32)).digest().equals(body.subarray(0, 32));
}

/** What a body says that it is; `undefined` of one that is not whole, or of several pieces. */
export function labelOf(body: Buffer): string | undefined {
  return isDescribed(body) ? body.toString('utf8', 32, body.indexOf('\n', 32)) : undefined;
}
