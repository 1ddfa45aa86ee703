import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Sse, type Type } from '@nestjs/common';
import { Query, Resolver } from '@nestjs/graphql';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { CacheControl, CacheInfo, CacheVariant, EvictImage, SkipImageCache } from 'nestjs-image-cache';
import { EMPTY, type Observable } from 'rxjs';
import { jpegOf } from '../support/pictures.js';
import { PLATFORMS, usingApps, type AppOptions } from '../support/test-app.js';

const DECORATORS = [
  ['@CacheVariant()', CacheVariant()],
  ['@CacheInfo()', CacheInfo()],
  ['@CacheControl()', CacheControl({ maxAge: '1d' })],
  ['@EvictImage()', EvictImage()],
] as const;

const nothing = (): void => undefined;

/** What makes methods into handlers of something else than HTTP requests. */
const OTHERS: readonly (readonly [string, 'controllers' | 'providers', ClassDecorator, MethodDecorator])[] = [
  ['a GraphQL resolver', 'providers', Resolver(), Query(() => String)],
  ['a WebSocket gateway', 'providers', WebSocketGateway(), SubscribeMessage('paint')],
  ['a handler of RPC messages', 'controllers', Controller(), MessagePattern('paint')],
  ['a handler of RPC events', 'controllers', Controller(), EventPattern('paint') as MethodDecorator],
  ['a service', 'providers', Injectable(), nothing],
  ['a controller that no route leads to', 'controllers', Controller(), nothing],
];

function painter(ofClass: ClassDecorator, ...ofMethod: readonly MethodDecorator[]): Type {
  @ofClass
  class Painter {
    paint(): string {
      return 'painted';
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Painter.prototype, 'paint');
  for (const decorate of ofMethod) decorate(Painter.prototype, 'paint', descriptor ?? {});
  return Painter;
}

describe.each(PLATFORMS)('on %s, at a method that is no route,', (platform) => {
  const startApp = usingApps(platform);

  const start = (options: AppOptions): ReturnType<typeof startApp> =>
    startApp({ ...options, configure: (app) => void app.useWebSocketAdapter(new WsAdapter(app)) });

  describe.each(DECORATORS)('%s', (name, decorate) => {
    it.each(OTHERS)('is refused at the start: %s', async (_what, place, ofClass, ofMethod) => {
      await expect(start({ [place]: [painter(ofClass, ofMethod, decorate)] })).rejects.toMatchObject({
        code: 'E_IMAGE_CACHE_OPTIONS',
        message:
          `Painter.paint: ${name} is for handlers of HTTP requests. Take it away, and call the ImageCache itself ` +
          'where that is needed.',
      });
      const app = await start({ [place]: [painter(ofClass, ofMethod)] });
      await app.close();
    });

    it('is refused at the start: a stream of events', async () => {
      await expect(start({ controllers: [painter(Controller(), Sse(':id'), decorate)] })).rejects.toMatchObject({
        code: 'E_IMAGE_CACHE_OPTIONS',
        message: `Painter.paint: ${name} does nothing for @Sse(), which sends events; take it away.`,
      });
    });
  });

  it('@SkipImageCache() says what is so already', async () => {
    @Controller('paintings')
    @CacheVariant()
    class Paintings {
      @Get(':id')
      picture(): Buffer {
        return jpegOf(100);
      }

      @MessagePattern('paint')
      @SkipImageCache()
      paint(): string {
        return 'painted';
      }

      @Sse('bids')
      @SkipImageCache()
      bids(): Observable<never> {
        return EMPTY;
      }
    }
    const app = await start({ controllers: [Paintings] });
    expect((await app.get('/paintings/a')).status).toBe(200);
  });
});
