import { beforeEach, describe, expect, it } from '@jest/globals';
import { CoversController, CoversModule } from '../../docs/examples/forgiving-cache.module.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

describe.each(PLATFORMS)('The example of a forgiving cache on %s', (platform) => {
  const start = usingApps(platform);

  beforeEach(() => {
    CoversController.renders = 0;
  });

  it('renders anew for editors only, and says what is not there', async () => {
    const app = await start({ imports: [CoversModule], cache: false });
    const reload = { 'Cache-Control': 'no-cache' };
    const told = [];
    for (const headers of [{}, {}, reload, { ...reload, 'X-Role': 'editor' }])
      told.push((await app.get('/covers/sky', headers)).headers['cache-status']);
    expect(told).toEqual([
      'image-cache; fwd=miss; stored',
      'image-cache; hit; ttl=86399',
      'image-cache; hit; ttl=86399',
      'image-cache; fwd=request; stored',
    ]);
    expect(CoversController.renders).toBe(2);
    for (const path of ['/covers/sea', '/covers/sea']) {
      const answer = await app.get(path);
      expect([answer.status, JSON.parse(answer.body.toString())]).toMatchObject([
        404,
        { message: 'There is no cover sea.' },
      ]);
    }
  });
});
