import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

/** What a client got: all of it, or what came before the connection broke. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** False when the connection broke before the end of the body. */
  readonly complete: boolean;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** The address that the connection comes from. @default 127.0.0.1 */
  readonly from?: string;
}

/** A request whose client can go away. */
export interface OpenRequest {
  /** Rejects when the connection broke before the first byte of the answer. */
  readonly answer: Promise<Answer>;
  /** Bytes of the body that have come. */
  received(): number;
  /** Destroys the socket. */
  leave(): void;
}

/** Sends a request on a connection of its own; the path goes out as it is. */
export function openRequest(port: number, path: string, asked: Asked = {}): OpenRequest {
  const { method = 'GET', headers = {}, body, from: localAddress = '127.0.0.1' } = asked;
  const outgoing = request({ host: '127.0.0.1', port, path, method, headers, localAddress, agent: false });
  let received = 0;
  const answer = new Promise<Answer>((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      incoming.on('data', (chunk: Buffer) => (received += chunk.byteLength));
      receive(incoming).then(resolve, reject);
    });
  });
  // Who leaves does not wait for the answer.
  answer.catch(() => undefined);
  outgoing.end(body);
  return {
    answer,
    received: () => received,
    leave: () => {
      outgoing.destroy();
    },
  };
}

function receive(incoming: IncomingMessage): Promise<Answer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('error', () => undefined);
    incoming.on('close', () => {
      resolve({
        status: incoming.statusCode ?? 0,
        headers: incoming.headers,
        body: Buffer.concat(chunks),
        complete: incoming.complete,
      });
    });
  });
}
