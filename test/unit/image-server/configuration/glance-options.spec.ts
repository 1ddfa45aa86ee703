import { describe, expect, it } from '@jest/globals';
import { createImageCache } from 'nestjs-image-cache';
import { HttpSource } from 'nestjs-iiif';
import { join } from 'node:path';
import { glanceOptions } from '../../../../apps/image-server/src/configuration/foreign/glance-options.js';
import { makeDirectory } from '../../../support/directories.js';

describe('glanceOptions', () => {
  it('maps the settings of Kolla and XDeploy', async () => {
    const { options, settings, unknown } = await glanceOptions({
      glance_enable_image_cache: 'yes',
      glance_cache_max_size: '10737418240',
      glance_cache_staleness_seconds: 3600,
      glance_backend_ceph: 'yes',
    });
    expect(options.sources).toMatchObject({ staleness: '3600s', ttl: '2592000s' });
    expect(settings).toEqual({
      'source.implementation': 'HttpSource',
      'cache.server.source.enabled': true,
      'cache.server.source.pathname': '/var/lib/glance/image-cache',
      'cache.server.prefetch.enabled': true,
      'cache.server.source.max_size': 10_737_418_240,
      'cache.server.source.staleness_seconds': 3600,
    });
    expect(unknown).toEqual(['glance_backend_ceph']);
  });

  it('maps the settings of Glance itself, and a cache can be made of them', async () => {
    const directory = await makeDirectory();
    const { options, settings } = await glanceOptions({
      glance_enable_image_cache: true,
      image_cache_dir: join(directory.path, 'images'),
      image_cache_max_size: '1073741824',
      image_cache_stall_time: '600',
    });
    expect(settings).toMatchObject({ 'cache.server.source.stall_seconds': 600 });
    expect(options).toMatchObject({ stall: '86400s', sources: { stall: '600s' } });
    const source = new HttpSource({ urlPrefix: 'https://images.example.org/' });
    const cache = await createImageCache({ ...options, source });
    expect(cache.sources?.name).toBe('HttpSource');
    await cache.close();
    await source.close();
    await directory.remove();
  });

  it.each([
    ['no', false],
    ['No', false],
    ['false', false],
    ['off', false],
    ['0', false],
    [false, false],
    ['', false],
    ['YES', true],
    ['true', true],
    ['1', true],
  ])('takes %j for %s', async (value, isOn) => {
    const { options } = await glanceOptions({ glance_enable_image_cache: value });
    expect(options.sources !== false).toBe(isOn);
  });

  it.each([
    ['keystone+cachemanagement', true],
    ['caching', true],
    ['keystone', false],
  ])('takes the pipeline %s for a cache: %s', async (flavor, isOn) => {
    const { options, settings, unknown } = await glanceOptions({ flavor });
    expect([options.sources !== false, settings['cache.server.prefetch.enabled'], unknown]).toEqual([isOn, isOn, []]);
  });

  it.each([
    [
      { glance_enable_image_cache: 'maybe' },
      'cache.server.source.enabled: "maybe" (glance_enable_image_cache) is not true',
    ],
    [{ glance_cache_max_size: '-1' }, 'cache.server.source.max_size: "-1" (glance_cache_max_size) is not'],
    [{ image_cache_stall_time: '1d' }, 'cache.server.source.stall_seconds: "1d" (image_cache_stall_time) is not'],
  ])('refuses %j', async (config, message) => {
    await expect(glanceOptions(config)).rejects.toThrow(message);
  });
});
