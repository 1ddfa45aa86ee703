import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, type INestMicroservice, type Type } from '@nestjs/common';
import {
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  Payload,
  RpcException,
  Transport,
  type ClientProxy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import type { AddressInfo, Server } from 'node:net';
import { CacheControl, CacheVariant, ImageCacheModule } from 'nestjs-image-cache';
import { from, lastValueFrom, toArray, type Observable } from 'rxjs';
import { until } from '../support/async.js';
import { BINDINGS, type Binding } from '../support/interceptor-bindings.js';
import { jpegOf } from '../support/pictures.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const PICTURE = jpegOf(100);

const ANY_PORT = { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } } as const;

function controllerOf(decorate: ClassDecorator, calls: string[]): Type {
  @Controller('paintings')
  @decorate
  class Paintings {
    @MessagePattern('painting')
    painting(@Payload() id: string): object {
      calls.push(`painting ${id}`);
      return { id, title: `Painting ${id}` };
    }

    @MessagePattern('bids')
    bids(): Observable<number> {
      calls.push('bids');
      return from([10, 20, 20, 50]);
    }

    @MessagePattern('picture')
    picture(): Buffer {
      calls.push('picture');
      return Buffer.from('picture');
    }

    @MessagePattern('stolen')
    stolen(): never {
      throw new RpcException({ code: 'STOLEN', message: 'It has been stolen' });
    }

    @EventPattern('seen')
    seen(@Payload() id: string): void {
      calls.push(`seen ${id}`);
    }
  }
  return Paintings;
}

/** An application that answers HTTP and RPC over TCP, and a client for the latter. */
interface Hybrid extends Client {
  readonly app: TestApp;
}

describe.each(PLATFORMS)('RPC beside HTTP on %s', (platform) => {
  const start = usingApps(platform);
  const clients: ClientProxy[] = [];
  const calls: string[] = [];

  afterEach(async () => {
    calls.length = 0;
    for (const client of clients.splice(0)) await client.close();
  });

  async function serve(controller: Type, { providers = [], configure }: Partial<Binding> = {}): Promise<Hybrid> {
    const app = await start({
      controllers: [controller],
      providers,
      configure: (nest) => {
        configure?.(nest);
        nest.connectMicroservice(ANY_PORT, { inheritAppConfig: true });
      },
    });
    await app.nest.startAllMicroservices();
    const [client] = app.nest.getMicroservices().map(clientOf);
    if (client === undefined) throw new Error('There is no microservice.');
    clients.push(client.client);
    return { app, ...client };
  }

  describe.each(BINDINGS)('with the interceptors $how', (binding) => {
    const served = (): Promise<Hybrid> => serve(controllerOf(binding.decorate, calls), binding);

    it('answers every message by its handler', async () => {
      const { app, ask } = await served();
      const unused = app.cache.stats();
      for (let time = 1; time <= 2; time += 1) {
        expect(await ask('painting', 'a')).toEqual([{ id: 'a', title: 'Painting a' }]);
        expect(await ask('picture')).toEqual([{ type: 'Buffer', data: [...Buffer.from('picture')] }]);
        expect(await ask('bids')).toEqual([10, 20, 20, 50]);
        expect(calls.splice(0)).toEqual(['painting a', 'picture', 'bids']);
      }
      expect(app.cache.stats()).toEqual(unused);
    });

    it('answers with the errors of its handlers', async () => {
      const { ask } = await served();
      await expect(ask('stolen')).rejects.toEqual({ code: 'STOLEN', message: 'It has been stolen' });
    });

    it('handles every event', async () => {
      const { client } = await served();
      await lastValueFrom(client.emit('seen', 'a'), { defaultValue: undefined });
      await lastValueFrom(client.emit('seen', 'a'), { defaultValue: undefined });
      await until(() => calls.length === 2);
      expect(calls).toEqual(['seen a', 'seen a']);
    });
  });

  it.each(BINDINGS.slice(0, 3))(
    'caches the pictures of a class whose messages are not, interceptors $how',
    async (binding) => {
      @Controller('paintings')
      @CacheVariant()
      @CacheControl({ maxAge: '1d' })
      class Paintings {
        @Get(':id')
        @MessagePattern('picture')
        picture(@Payload() id: unknown): Buffer {
          calls.push(typeof id === 'string' ? `rpc ${id}` : 'http');
          return PICTURE;
        }
      }
      const { app, ask } = await serve(Paintings, binding);
      const both = [await app.get('/paintings/a'), await app.get('/paintings/a')];
      expect(both.map(({ status, headers }) => [status, headers['cache-status'], headers['cache-control']])).toEqual([
        [200, 'image-cache; fwd=miss; stored', 'max-age=86400, private'],
        [200, expect.stringMatching(/^image-cache; hit/), 'max-age=86400, private'],
      ]);
      expect(calls).toEqual(['http']);
      const [one] = await ask('picture', 'a');
      const [other] = await ask('picture', 'a');
      expect([one, other]).toEqual([PICTURE.toJSON(), PICTURE.toJSON()]);
      expect(calls).toEqual(['http', 'rpc a', 'rpc a']);
    },
  );
});

describe('RPC without HTTP', () => {
  it.each(BINDINGS)('works with the interceptors $how', async ({ decorate, providers = [], configure }) => {
    const calls: string[] = [];
    const module = await Test.createTestingModule({
      imports: [ImageCacheModule.forRoot()],
      controllers: [controllerOf(decorate, calls)],
      providers,
    }).compile();
    // Nest declares its options as a class and takes every object of that shape.
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
    const service = module.createNestMicroservice<MicroserviceOptions>(ANY_PORT);
    configure?.(service);
    await service.listen();
    const { client, ask } = clientOf(service);
    expect([await ask('painting', 'a'), await ask('bids')]).toEqual([
      [{ id: 'a', title: 'Painting a' }],
      [10, 20, 20, 50],
    ]);
    expect(calls).toEqual(['painting a', 'bids']);
    await client.close();
    await service.close();
  });
});

interface Client {
  readonly client: ClientProxy;
  /** All values that a message is answered with. */
  readonly ask: (pattern: string, data?: unknown) => Promise<readonly unknown[]>;
}

function clientOf(service: INestMicroservice): Client {
  const { port } = service.unwrap<Server>().address() as AddressInfo;
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
  const ask = (pattern: string, data: unknown = ''): Promise<unknown[]> =>
    lastValueFrom(client.send<unknown>(pattern, data).pipe(toArray()));
  return { client, ask };
}
