import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { repeat } from '../../common/repeat.js';
import type { Clock, ScheduledCall } from '../../ports/clock.js';

/** Streams at a time; each is a connection that stays. */
const MOST = 32;

/** Bytes that may wait for a client; one that reads slower is dropped, and may come again. */
const LAG = 256 * 1024;

/** Milliseconds between two signs of life, which proxies and clients wait for. */
const HEARTBEAT = 15_000;

/** Milliseconds after which a client that was cut off comes again. */
const RETRY = 3000;

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-store',
  'X-Content-Type-Options': 'nosniff',
  // nginx would hold back what is to be seen at once.
  'X-Accel-Buffering': 'no',
} as const;

/**
 * Streams of server-sent events (HTML, section 9.2), of a bounded number and in bounded memory. The server cannot end
 * while they are open: they end first.
 */
export class EventStreams {
  readonly #open = new Set<ServerResponse>();
  readonly #heartbeat: ScheduledCall;
  #isClosed = false;

  constructor(clock: Clock) {
    this.#heartbeat = repeat(clock, HEARTBEAT, () => {
      this.#write(':\n\n');
    });
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Whether one more may be opened. */
  get hasRoom(): boolean {
    return !this.#isClosed && this.#open.size < MOST;
  }

  /**
   * Begins a stream, in its turn on the connection; its first event is there when it is opened. Who asks by HEAD is told
   * the headers.
   */
  open(response: ServerResponse, event: string, data: unknown): void {
    // Who left while it was asked whether they may look has had the `close` before, and has no other.
    if (isGone(response)) return;
    response.writeHead(200, HEADERS);
    if (response.req.method === 'HEAD') {
      response.end();
      return;
    }
    this.#open.add(response);
    response.once('close', () => this.#open.delete(response));
    response.on('error', () => {
      this.#drop(response);
    });
    response.write(`retry: ${RETRY}\n\n${messageOf(event, data)}`);
  }

  /** Sends an event to all. */
  send(event: string, data: unknown): void {
    if (this.#open.size > 0) this.#write(messageOf(event, data));
  }

  /** Ends all streams, and begins no other. */
  close(): void {
    this.#isClosed = true;
    this.#heartbeat.cancel();
    for (const response of this.#open) {
      // An end waits for its client to read what is before it; one that does not keeps the server open.
      if (response.writableLength > 0) response.destroy();
      else response.end();
    }
    this.#open.clear();
  }

  #write(text: string): void {
    for (const response of this.#open) {
      if (isGone(response) || response.writableLength > LAG) this.#drop(response);
      else response.write(text);
    }
  }

  #drop(response: ServerResponse): void {
    this.#open.delete(response);
    response.destroy();
  }
}

function isGone(response: ServerResponse): boolean {
  // Requests that are injected have no connection.
  const { socket } = response.req as { readonly socket?: Socket };
  return response.destroyed || socket?.destroyed === true;
}

/** JSON has no line breaks of its own, so that an event has one line of data. */
function messageOf(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
