import fc from 'fast-check';
import { createHash } from 'node:crypto';
import type { EntryMeta } from 'nestjs-image-cache';

/** Any text, half surrogate pairs included, and texts that have a meaning somewhere. */
export const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.array(fc.integer({ min: 0xd7fe, max: 0xe001 }), { maxLength: 5 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom('', 'a', 'ab', '/', '../..', '\0', '"', '\\ud800', '\ud800', '\udfff', '\ufffd'),
  fc.constantFrom(':', ':base64:YQ==', '__proto__', 'toJSON'),
);

/** Bodies of a few bytes. */
export const bodies = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));

const headerNames = fc.oneof(fc.stringMatching(/^[a-z][a-z0-9_-]{0,9}$/), fc.constantFrom('__proto__', 'constructor'));

const plain = { noNullPrototype: true } as const;

const described = fc.record(
  {
    identifier: texts,
    operations: texts,
    contentType: texts,
    createdAt: fc.nat({ max: 8_640_000_000_000_000 }),
    source: fc.record(
      { etag: texts, lastModified: texts, size: fc.maxSafeNat(), inode: texts, changed: texts },
      { ...plain, requiredKeys: [] },
    ),
    headers: fc.dictionary(headerNames, texts, { ...plain, maxKeys: 3 }),
  },
  { ...plain, requiredKeys: ['identifier', 'contentType', 'createdAt'] },
);

/** Entries with all that metadata may say. */
export const entries: fc.Arbitrary<{ readonly meta: EntryMeta; readonly body: Buffer }> = fc
  .tuple(described, bodies)
  .map(([description, body]) => ({ meta: { ...description, ...measured(body) }, body }));

function measured(body: Buffer): Pick<EntryMeta, 'size' | 'digest'> {
  return { size: body.byteLength, digest: createHash('sha256').update(body).digest('base64url') };
}

/** What may happen to bytes: some of them are lost, replaced by others, or joined by others. */
export const damages: fc.Arbitrary<(bytes: Buffer) => Buffer> = fc
  .tuple(fc.nat(2 ** 32 - 1), fc.nat(5), fc.uint8Array({ maxLength: 5 }))
  .map(([where, lost, put]) => (bytes) => {
    const at = where % (bytes.byteLength + 1);
    return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + lost)]);
  });
