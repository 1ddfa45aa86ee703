import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import { ImageCache, NEVER_STORED } from 'nestjs-image-cache';
import type { OriginalSource } from 'nestjs-iiif';
import { ORIGINAL_SOURCE } from '../source/source.module.js';

/** How a part of the server is. */
type PartHealth = 'ok' | 'unavailable';

/** How the server is. */
export interface Health {
  readonly status: 'ok' | 'error';
  readonly source: PartHealth;
  readonly store: PartHealth;
}

/** Milliseconds that a part has for its answer; whoever asks does not wait for long. */
const PATIENCE = 2000;

/** Tells whether images can be served: asks the source and the stores, and writes nothing. */
@Controller('health')
export class HealthController {
  readonly #cache: ImageCache;
  readonly #source: OriginalSource;

  constructor(@Inject(ImageCache) cache: ImageCache, @Inject(ORIGINAL_SOURCE) source: OriginalSource) {
    this.#cache = cache;
    this.#source = source;
  }

  @Get()
  @Header('Cache-Control', NEVER_STORED)
  async health(@Res({ passthrough: true }) reply: { status(code: number): unknown }): Promise<Health> {
    const [sourceHealth, storeHealth] = await Promise.all([
      healthOf(() => this.#source.ping()),
      healthOf(() => this.#cache.ping()),
    ]);
    const status = sourceHealth === 'ok' && storeHealth === 'ok' ? 'ok' : 'error';
    reply.status(status === 'ok' ? 200 : 503);
    return { status, source: sourceHealth, store: storeHealth };
  }
}

async function healthOf(ping: () => Promise<void>): Promise<PartHealth> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<PartHealth>((resolve) => {
    timer = setTimeout(resolve, PATIENCE, 'unavailable');
  });
  const answer = ping().then(
    (): PartHealth => 'ok',
    (): PartHealth => 'unavailable',
  );
  return Promise.race([answer, overdue]).finally(() => {
    clearTimeout(timer);
  });
}
