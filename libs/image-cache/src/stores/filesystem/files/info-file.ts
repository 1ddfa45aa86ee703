import { digestOf } from '../../../common/streams.js';
import { keyString } from '../../../keys/entry-keys.js';
import type { EntryKey, EntryMeta } from '../../../ports/entry.js';

/**
 * Files of infos are plain JSON: `{"version":1,"digest":"…","bodyAt":"00000321","key":"…","meta":{…},"body":…}`. The
 * digest covers all that follows it; `bodyAt` is where the body's own bytes start.
 */
const OPENING = '{"version":1,"digest":"';

const DIGEST_LENGTH = 43;

const COVERED_FROM = OPENING.length + DIGEST_LENGTH;

const END = Buffer.from('}\n');

/** Writes the file of an info. */
export function encodeInfoFile(key: EntryKey, meta: EntryMeta, body: Buffer): Buffer {
  const head = (bodyAt: number): string =>
    `","bodyAt":"${String(bodyAt).padStart(8, '0')}","key":${JSON.stringify(keyString(key))},"meta":${JSON.stringify(meta)},"body":`;
  const covered = Buffer.concat([Buffer.from(head(COVERED_FROM + Buffer.byteLength(head(0)))), body, END]);
  return Buffer.concat([Buffer.from(OPENING + digestOf(covered)), covered]);
}

/** Reads the file of an info; `undefined` when it is damaged or of another entry. */
export function decodeInfoFile(
  file: Buffer,
  key: EntryKey,
): { readonly meta: EntryMeta; readonly body: Buffer } | undefined {
  const opening = file.subarray(0, COVERED_FROM).toString('latin1');
  if (!opening.startsWith(OPENING) || opening.slice(OPENING.length) !== digestOf(file.subarray(COVERED_FROM)))
    return undefined;
  const bodyAt = Number(
    /^","bodyAt":"(\d{8})"/.exec(file.subarray(COVERED_FROM, COVERED_FROM + 22).toString('latin1'))?.[1],
  );
  const head = JSON.parse(`${file.subarray(0, bodyAt).toString('utf8')}null}`) as {
    readonly key: string;
    readonly meta: EntryMeta;
  };
  const body = file.subarray(bodyAt, file.byteLength - END.byteLength);
  return head.key === keyString(key) ? { meta: head.meta, body } : undefined;
}
