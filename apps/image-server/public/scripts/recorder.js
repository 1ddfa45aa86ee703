/**
 * How a request was answered: by the server's cache, by work of the server, by the visitor's own browser, or not.
 *
 * @typedef {'hit' | 'miss' | 'browser' | 'source' | 'failed'} Answer
 * @typedef {{ url: string, answer: Answer, milliseconds: number, bytes: number }} RecordedRequest
 */

/** Fetches, and tells how each request was answered. */
export class Recorder {
  /** @type {(request: RecordedRequest) => void} */
  #tell;

  /** @param {(request: RecordedRequest) => void} tell */
  constructor(tell) {
    this.#tell = tell;
    // The browser keeps 250 timings, then none; a zoom asks for more.
    performance.setResourceTimingBufferSize(2000);
  }

  /**
   * @param {string} url
   * @param {AbortSignal} signal
   * @returns {Promise<{ response: Response, blob: Blob }>}
   */
  async fetch(url, signal) {
    const start = performance.now();
    const response = await this.#attempt(url, signal, start);
    const blob = await response.blob();
    const whole = performance.now() - start;
    const timing = await timingOf(response.url, start);
    // Without the time that the request has waited in the browser for its turn.
    const milliseconds = timing === undefined ? whole : timing.responseEnd - timing.requestStart;
    this.#tell({ url, answer: answerOf(response, timing), milliseconds, bytes: blob.size });
    return { response: new Response(blob, response), blob };
  }

  /**
   * @param {string} url
   * @param {AbortSignal} signal
   * @param {number} start
   */
  async #attempt(url, signal, start) {
    try {
      return await fetch(url, { signal });
    } catch (error) {
      if (!signal.aborted) this.#tell({ url, answer: 'failed', milliseconds: performance.now() - start, bytes: 0 });
      throw error;
    }
  }
}

/**
 * @param {Response} response
 * @param {PerformanceResourceTiming | undefined} timing
 * @returns {Answer}
 */
function answerOf(response, timing) {
  if (!response.ok) return 'failed';
  // Nothing went over the network; the headers are those of the answer that the browser has kept.
  if (timing?.transferSize === 0 && timing.decodedBodySize > 0) return 'browser';
  // RFC 9211: `hit` is a parameter of its own, everything else was forwarded.
  const status = response.headers.get('Cache-Status') ?? '';
  if (/;\s*hit\b/.test(status)) return 'hit';
  return /;\s*fwd=bypass\b/.test(status) ? 'source' : 'miss';
}

/**
 * @param {string} url
 * @param {number} start
 * @returns {Promise<PerformanceResourceTiming | undefined>}
 */
async function timingOf(url, start) {
  // Timings are written down after the end of the answer.
  await new Promise((resolve) => setTimeout(resolve, 0));
  const entries = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByName(url, 'resource'));
  return entries.findLast(({ startTime }) => startTime >= start - 1);
}
