/** The longest interval that Node has, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/**
 * Waits for `promise`, and keeps the process alive until then: a picture that is never rendered holds nothing that does,
 * and a process that ends early writes nothing any more.
 */
export async function keepAlive<T>(promise: Promise<T>): Promise<T> {
  const timer = setInterval(doNothing, LONGEST);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}

function doNothing(): void {
  // the timer is all that is wanted
}
