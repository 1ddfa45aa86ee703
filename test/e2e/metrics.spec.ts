import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Header, Injectable, Param, type CanActivate } from '@nestjs/common';
import { CacheVariant } from 'nestjs-image-cache';
import { ImageCacheMetricsModule, registerImageCacheMetrics } from 'nestjs-image-cache/prometheus';
import { Registry } from 'prom-client';
import { PLATFORMS, usingApps } from '../support/test-app.js';

@Controller('pictures')
class PicturesController {
  @Get(':id')
  @CacheVariant()
  @Header('Content-Type', 'image/png')
  picture(@Param('id') id: string): Buffer {
    return Buffer.from(`picture of ${id}`);
  }
}

@Injectable()
class Nobody implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

/** The values of an exposition, by name with labels. */
function parse(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const [, name = '', value = ''] = /^(\w+(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
      expect(name).not.toBe('');
      return [name, Number(value)];
    }),
  );
}

describe.each(PLATFORMS)('The metrics of an image cache on %s', (platform) => {
  const start = usingApps(platform);

  it('tell what the cache counts', async () => {
    const app = await start({ controllers: [PicturesController], imports: [ImageCacheMetricsModule.register()] });
    for (const id of ['a', 'a', 'b', 'a']) await app.get(`/pictures/${id}`);
    await app.cache.evict('PicturesController/a');
    const { status, headers, body } = await app.get('/metrics');
    expect([status, headers['cache-control']]).toEqual([200, 'no-cache, no-store, must-revalidate']);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const values = parse(body.toString());
    const { served, tiers, renders, stored, evicted } = app.cache.stats();
    for (const [outcome, count] of Object.entries(served.variant))
      expect(values.get(`image_cache_requests_total{tier="variant",outcome="${outcome}"}`)).toBe(count);
    expect(served.variant).toMatchObject({ hit: 2, miss: 2 });
    expect(values.get('image_cache_lookups_total{tier="variant",result="hit"}')).toBe(tiers.variant.hits);
    expect(values.get('image_cache_renders_total')).toBe(renders);
    expect(values.get('image_cache_stored_entries_total')).toBe(stored);
    expect(values.get('image_cache_request_duration_seconds_count{tier="variant",outcome="hit"}')).toBe(2);
    expect(values.get('image_cache_render_duration_seconds_count')).toBe(2);
    expect(values.get('image_cache_renders_running')).toBe(0);
    for (const [reason, count] of Object.entries(evicted))
      expect(values.get(`image_cache_evicted_entries_total{reason="${reason}"}`)).toBe(count);
    expect(body.toString()).not.toContain('PicturesController');
  });

  it('are asked for where, and by whom, the application says', async () => {
    const registry = new Registry();
    const module = ImageCacheMetricsModule.register({ path: 'inner/metrics', prefix: 'tiles_', registry });
    const app = await start({ controllers: [PicturesController], imports: [module] });
    expect((await app.get('/metrics')).status).toBe(404);
    const { body } = await app.get('/inner/metrics');
    expect(parse(body.toString()).get('tiles_renders_total')).toBe(0);
    expect(await registry.metrics()).toContain('tiles_renders_total 0');
  });

  it('are refused to who may not ask', async () => {
    const app = await start({ imports: [ImageCacheMetricsModule.register({ guards: [Nobody] })] });
    expect((await app.get('/metrics')).status).toBe(403);
  });

  it('are refused a name that cannot be', async () => {
    await expect(start({ imports: [ImageCacheMetricsModule.register({ prefix: '9-' })] })).rejects.toThrow(
      'metrics.prefix: "9-" cannot begin the name of a metric.',
    );
  });

  it('are taken out of the registry when they are not wanted any more', async () => {
    const { cache } = await start({});
    const registry = new Registry();
    const unregister = registerImageCacheMetrics(cache, { registry });
    expect(await registry.metrics()).toContain('image_cache_requests_total');
    unregister();
    expect((await registry.metrics()).trim()).toBe('');
    registerImageCacheMetrics(cache, { registry });
  });
});
