import { afterEach, describe, expect, it } from '@jest/globals';
import type { StreamableFile } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { ExpressAdapter } from '@nestjs/platform-express';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { HttpExchange } from 'nestjs-image-cache';
import { sendable } from '../../../../libs/image-cache/src/nest/sendable.js';
import { until } from '../../../support/async.js';
import { connectRaw } from '../../../support/raw-client.js';

const CHUNK = Buffer.alloc(64_000);

function endless(): Readable {
  return new Readable({
    read() {
      this.push(CHUNK);
    },
  });
}

function exchangeOf(request: IncomingMessage, response: ServerResponse): HttpExchange {
  return new HttpExchange(new ExpressAdapter(), new ExecutionContextHost([request, response]));
}

describe('a body that is piped to a response without more', () => {
  let server: Server | undefined;

  afterEach(() => {
    server?.close();
  });

  const serve = async (handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> => {
    server = createServer(handle).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };

  it.each([
    ['of a length that is not known', undefined],
    ['of a known length', 1e12],
  ])('%s is destroyed when the client leaves', async (_, size) => {
    const body = endless();
    const port = await serve((request, response) => {
      const file = sendable(exchangeOf(request, response), body, size) as StreamableFile;
      file.getStream().pipe(response);
    });
    const client = await connectRaw(port);
    client.send('/');
    await client.begun();
    expect(body.destroyed).toBe(false);
    client.socket.destroy();
    await until(() => body.destroyed);
  });

  it('is destroyed when the client has left before', async () => {
    const body = endless();
    const port = await serve((request, response) => {
      response.once('close', () => {
        sendable(exchangeOf(request, response), body);
      });
      client.socket.destroy();
    });
    const client = await connectRaw(port);
    client.send('/');
    await until(() => body.destroyed);
  });

  it('is destroyed when the client leaves while its response waits for its turn', async () => {
    const body = endless();
    const asked: string[] = [];
    const port = await serve((request, response) => {
      asked.push(String(request.url));
      if (request.url === '/second') sendable(exchangeOf(request, response), body);
    });
    const client = await connectRaw(port);
    client.send('/first', '/second');
    await until(() => asked.length === 2);
    client.socket.destroy();
    await until(() => body.destroyed);
  });
});
