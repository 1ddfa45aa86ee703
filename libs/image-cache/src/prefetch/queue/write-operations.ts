import type { LogFile } from './log-file.js';
import { encodeOperation, type WrittenOperation } from './queue-operation.js';

/** Characters that are written at a time. */
const BATCH = 256 * 1024;

/** Appends operations to a log; returns what has gone wrong, the ones before it being written. */
export async function writeOperations(
  log: LogFile,
  operations: readonly WrittenOperation[],
  { durable }: { readonly durable: boolean },
): Promise<unknown> {
  let text = '';
  try {
    for (const { name, operation } of operations) {
      text += encodeOperation({ name, operation });
      if (text.length < BATCH) continue;
      await log.append(text, { durable });
      text = '';
    }
    if (text !== '') await log.append(text, { durable });
    return undefined;
  } catch (error) {
    return error;
  }
}
