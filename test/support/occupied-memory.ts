/** Flags of Node for a process that measures its memory. */
export const COLLECTING = ['--expose-gc', '--max-semi-space-size=4'];

/** Bytes of memory that this process occupies, without what it holds no more. It is to be started {@link COLLECTING}. */
export function occupiedMemory(): number {
  if (globalThis.gc === undefined) throw new Error(`Start the process with ${COLLECTING.join(' ')}.`);
  globalThis.gc();
  return process.memoryUsage.rss();
}
