import { encodeOperation } from './queue-operation.js';
import type { QueueState } from './queue-state.js';

/** Version of the lines; a log of another one is refused. */
export const VERSION = 1;

/** The lines with which a log begins that takes over in a state. */
export function* beginningOf(name: string, state: QueueState): Generator<string> {
  yield encodeOperation({ name, operation: { op: 'begin', version: VERSION } });
  for (const operation of state.snapshot()) yield encodeOperation({ name, operation });
}
