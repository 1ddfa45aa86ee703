import { describe, expect, it } from '@jest/globals';
import { queueOptions } from '../../../../apps/image-server/src/configuration/prefetch-options.js';
import { fromFile, messageOf } from './support.js';

const CACHE = 'cache.FilesystemCache.pathname: /var/cache/image-server\n';

describe('the keys of the prefetcher', () => {
  it('say when and how often images are tried', async () => {
    const yaml =
      'cache.server.prefetch.interval: 0\ncache.server.prefetch.attempts: 3\ncache.server.prefetch.back_off: 5\n' +
      'cache.server.prefetch.max_back_off: 60\ncache.server.prefetch.patience: 0\n';
    const { settings } = await fromFile(`${CACHE}${yaml}`);
    expect(queueOptions(settings)).toMatchObject({
      directory: '/var/cache/image-server-queue',
      interval: '0',
      attempts: 3,
      backOff: '5s',
      maxBackOff: '60s',
      patience: '0s',
    });
  });

  it('leave a place among the renders to requests', async () => {
    const check = (yaml: string) => messageOf(fromFile(yaml));
    const enabled = 'cache.server.prefetch.enabled: true\n';
    const [two, one] = [`${enabled}processor.concurrency: 2\n`, `${enabled}processor.concurrency: 1\n`];
    expect(await check(`${two}cache.server.prefetch.concurrency: 2`)).toBe(
      'cache.server.prefetch.concurrency: 2 (server.yaml:3) is not less than processor.concurrency (2); a place among the renders is left to requests.',
    );
    expect(await check(`${two}cache.server.prefetch.concurrency: 1`)).toBe('no error');
    expect(await check(`${one}cache.server.prefetch.concurrency: 1`)).toBe('no error');
    expect(await check(`${enabled}cache.server.prefetch.concurrency: 8`)).toBe('no error');
    expect(await check('processor.concurrency: 2\ncache.server.prefetch.concurrency: 2')).toBe('no error');
  });
});
