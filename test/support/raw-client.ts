import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A client that writes its requests itself and reads when it wants to. */
export interface RawClient {
  readonly socket: Socket;
  /** Sends requests for these paths without waiting for answers. */
  readonly send: (...paths: readonly string[]) => void;
  /** Waits for the first bytes of an answer, and reads no further. */
  readonly begun: () => Promise<void>;
  /** Reads to the end of the connection. */
  readonly rest: () => Promise<Buffer>;
}

/** Connects to a port of this machine; reads nothing by itself. */
export async function connectRaw(port: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.pause();
  // Who is cut off has been told by the end of the connection.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const chunks: Buffer[] = [];
  return {
    socket,
    send: (...paths) => {
      socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join(''));
    },
    begun: async () => {
      for (let byte = socket.read(1) as Buffer | null; ; byte = socket.read(1) as Buffer | null) {
        if (byte !== null) return void chunks.push(byte);
        await once(socket, 'readable');
      }
    },
    rest: async () => {
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.resume();
      await once(socket, 'end');
      return Buffer.concat(chunks);
    },
  };
}
