import { Readable } from 'node:stream';
import type { Reservation } from '../ports/cache-store.js';
import type { OpenedEntry } from '../ports/opened-entry.js';
import type { Lease } from '../ports/lease.js';

/** What comes too late for its caller still holds something: an open file, a directory, a lease. */
export function discardLate(late: unknown): void {
  if (typeof late !== 'object' || late === null) return;
  if ('body' in late && late.body instanceof Readable) late.body.destroy();
  if (isOpened(late)) late.close().catch(ignore);
  if (isReservation(late)) late.abort().catch(ignore);
  if (isLease(late)) late.release().catch(ignore);
}

function isOpened(late: object): late is OpenedEntry {
  return 'verify' in late && 'close' in late;
}

function isReservation(late: object): late is Reservation {
  return 'commit' in late && 'abort' in late;
}

function isLease(late: object): late is Lease {
  return 'release' in late;
}

function ignore(): void {
  // the failure has been told already
}
