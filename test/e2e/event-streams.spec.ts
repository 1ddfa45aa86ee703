import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Sse, type MessageEvent } from '@nestjs/common';
import { CacheControl, CacheInfo, CacheVariant, EvictImage } from 'nestjs-image-cache';
import { get, type IncomingMessage } from 'node:http';
import { Subject, type Observable } from 'rxjs';
import { jpegOf } from '../support/pictures.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const DECORATORS = [
  ['@CacheVariant()', CacheVariant()],
  ['@CacheInfo()', CacheInfo()],
  ['@CacheControl()', CacheControl({ maxAge: '1d' })],
  ['@EvictImage()', EvictImage()],
] as const;

describe.each(PLATFORMS)('server-sent events on %s', (platform) => {
  const start = usingApps(platform);

  /** Opens a stream of events; the clients of all streams leave when the application is closed. */
  async function listen({ port }: TestApp, path: string): Promise<AsyncIterator<string>> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get({ host: '127.0.0.1', port, path, agent: false }, resolve).on('error', reject);
    });
    expect(response.headers['content-type']).toMatch(/^text\/event-stream/);
    expect(response.headers['cache-status']).toBeUndefined();
    return (response.setEncoding('utf8') as AsyncIterable<string>)[Symbol.asyncIterator]();
  }

  /** What is told until it has been told of `data`. */
  async function next(events: AsyncIterator<string>, data: string): Promise<string> {
    let told = '';
    while (!told.includes(`data: ${data}\n`)) told += String((await events.next()).value);
    return told;
  }

  it.each(DECORATORS)('come as they are sent from a class with %s', async (_name, decorate) => {
    const bids = new Subject<MessageEvent>();
    @Controller('paintings')
    @decorate
    class Paintings {
      @Sse('all/bids')
      bids(): Observable<MessageEvent> {
        return bids;
      }

      @Get(':id')
      picture(): Buffer {
        return jpegOf(100);
      }
    }
    const app = await start({ controllers: [Paintings] });
    const unused = app.cache.stats();
    const events = await listen(app, '/paintings/all/bids');
    for (const data of ['10', '20']) {
      bids.next({ data });
      await next(events, data);
    }
    expect(app.cache.stats()).toEqual(unused);
  });
});
