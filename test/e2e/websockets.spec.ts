import { afterEach, describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { MessageBody, SubscribeMessage, WebSocketGateway, WsException, type WsResponse } from '@nestjs/websockets';
import { once } from 'node:events';
import { from, map, throwError, type Observable } from 'rxjs';
import { WebSocket } from 'ws';
import { until } from '../support/async.js';
import { BINDINGS, type Binding } from '../support/interceptor-bindings.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

function gatewayOf(decorate: ClassDecorator, calls: string[]): Type {
  @WebSocketGateway({ path: '/auctions' })
  @decorate
  class Auctions {
    @SubscribeMessage('bid')
    bid(@MessageBody() amount: number): WsResponse<object> {
      calls.push(`bid ${amount}`);
      return { event: 'bid', data: { amount, accepted: true } };
    }

    @SubscribeMessage('history')
    history(): Observable<WsResponse<number>> {
      calls.push('history');
      return from([10, 20, 20, 50]).pipe(map((data) => ({ event: 'history', data })));
    }

    @SubscribeMessage('listen')
    listen(): void {
      calls.push('listen');
    }

    @SubscribeMessage('cancel')
    cancel(): never {
      throw new WsException('It has been sold');
    }

    @SubscribeMessage('break')
    break(): Observable<never> {
      return throwError(() => new Error('a secret'));
    }
  }
  return Auctions;
}

/** A client of a gateway, with what it was told. */
interface Client {
  readonly socket: WebSocket;
  readonly told: readonly { event: string; data: unknown }[];
  readonly say: (event: string, data?: unknown) => void;
}

describe.each(PLATFORMS.flatMap((platform) => BINDINGS.map((binding) => ({ ...binding, platform }))))(
  'a gateway on $platform with the interceptors $how',
  (binding) => {
    const start = usingApps(binding.platform);
    const calls: string[] = [];
    const clients: Client[] = [];

    afterEach(() => {
      calls.length = 0;
      for (const { socket } of clients.splice(0)) socket.terminate();
    });

    async function serve({ decorate, providers = [], configure }: Binding): Promise<TestApp> {
      return start({
        providers: [...providers, gatewayOf(decorate, calls)],
        configure: (app) => {
          app.useWebSocketAdapter(new WsAdapter(app));
          configure?.(app);
        },
      });
    }

    async function connect({ port }: TestApp): Promise<Client> {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/auctions`);
      const told: { event: string; data: unknown }[] = [];
      socket.on('message', (message: Buffer) => told.push(JSON.parse(message.toString()) as (typeof told)[number]));
      await once(socket, 'open');
      const client = {
        socket,
        told,
        say: (event: string, data?: unknown) => {
          socket.send(JSON.stringify({ event, data }));
        },
      };
      clients.push(client);
      return client;
    }

    it('answers every message by its handler', async () => {
      const app = await serve(binding);
      const unused = app.cache.stats();
      const { told, say } = await connect(app);
      say('bid', 10);
      say('bid', 10);
      await until(() => told.length === 2);
      const answer = { event: 'bid', data: { amount: 10, accepted: true } };
      expect([told, calls]).toEqual([
        [answer, answer],
        ['bid 10', 'bid 10'],
      ]);
      expect(app.cache.stats()).toEqual(unused);
    });

    it('answers with all values of an Observable, and with none where there is none', async () => {
      const app = await serve(binding);
      const { told, say } = await connect(app);
      say('listen');
      say('history');
      say('history');
      await until(() => told.length === 8);
      expect(told.map(({ data }) => data)).toEqual([10, 20, 20, 50, 10, 20, 20, 50]);
      expect(calls).toEqual(['listen', 'history', 'history']);
    });

    it('answers with the errors of its handlers', async () => {
      const app = await serve(binding);
      const { told, say } = await connect(app);
      say('cancel');
      await until(() => told.length === 1);
      say('break');
      await until(() => told.length === 2);
      expect(told).toMatchObject([
        { event: 'exception', data: { status: 'error', message: 'It has been sold' } },
        { event: 'exception', data: { status: 'error', message: 'Internal server error' } },
      ]);
    });
  },
);
