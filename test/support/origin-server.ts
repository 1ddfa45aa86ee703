import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers one request in its own way. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

/** An image as the origin has it. */
export interface OriginImage {
  readonly body: Buffer;
  /** @default none */
  readonly etag?: string | undefined;
  /** @default none */
  readonly lastModified?: string | undefined;
}

/** A real web server that keeps originals, counts what it is asked, and misbehaves where a test wants it to. */
export class OriginServer {
  readonly #server: Server;
  readonly #images = new Map<string, OriginImage>();
  /** By method. */
  readonly requests: {
    readonly method: string;
    readonly path: string;
    readonly headers: IncomingMessage['headers'];
  }[] = [];
  /** Instead of what is usual. */
  behaviour: Behaviour | undefined;
  /** Bytes of bodies that have been sent. */
  sent = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.requests.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers });
      const write = response.write.bind(response);
      const end = response.end.bind(response);
      const count = (chunk: unknown): void => {
        if (Buffer.isBuffer(chunk)) this.sent += chunk.byteLength;
      };
      response.write = ((chunk: unknown, ...rest: never[]) => (
        count(chunk),
        write(chunk, ...rest)
      )) as typeof response.write;
      response.end = ((chunk: unknown, ...rest: never[]) => (
        count(chunk),
        end(chunk as never, ...rest)
      )) as typeof response.end;
      (this.behaviour ?? this.usual)(request, response);
    });
  }

  static async start(): Promise<OriginServer> {
    const origin = new OriginServer();
    origin.#server.listen(0, '127.0.0.1');
    await once(origin.#server, 'listening');
    return origin;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  put(identifier: string, image: OriginImage): void {
    this.#images.set(`/${encodeURI(identifier)}`, image);
  }

  remove(identifier: string): void {
    this.#images.delete(`/${encodeURI(identifier)}`);
  }

  /** How often it was asked by a method. */
  count(method: string): number {
    return this.requests.filter((request) => request.method === method).length;
  }

  forget(): void {
    this.requests.length = 0;
    this.sent = 0;
  }

  /** What a web server does. */
  readonly usual: Behaviour = (request, response) => {
    const image = this.#images.get(request.url ?? '');
    if (image === undefined) {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not found</h1>');
      return;
    }
    const { body, etag, lastModified } = image;
    const isKnown =
      etag === undefined
        ? lastModified !== undefined && request.headers['if-modified-since'] === lastModified
        : request.headers['if-none-match'] === etag;
    const headers = { ...(etag && { etag }), ...(lastModified && { 'last-modified': lastModified }) };
    if (isKnown) response.writeHead(304, headers).end();
    else {
      response.writeHead(200, { ...headers, 'content-type': 'image/x-any', 'content-length': body.byteLength });
      response.end(request.method === 'HEAD' ? undefined : body);
    }
  };

  /** Ends it with all its connections; can come twice. */
  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }
}
