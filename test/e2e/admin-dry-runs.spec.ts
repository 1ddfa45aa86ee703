import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Server } from 'node:net';
import { heapStore } from 'nestjs-image-cache';
import { ChaosStore } from 'nestjs-image-cache/testing';
import { adminApp, ask, cacheImages, CREDENTIALS } from '../support/admin-app.js';
import { record, until } from '../support/async.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const SENT = { method: 'POST', headers: CREDENTIALS };

describe.each(PLATFORMS)('a dry run on %s', (platform) => {
  const start = usingApps(platform);
  let app: TestApp;
  const made: { store?: ChaosStore } = {};

  beforeEach(async () => {
    const store = heapStore();
    app = await start(
      adminApp({
        cache: { variant: { store: (context) => (made.store = new ChaosStore(store(context), context.clock)) } },
      }),
    );
    await cacheImages(app.cache, ['a']);
    made.store?.hang('entries');
  });

  const looks = (): number => made.store?.calls('entries') ?? 0;

  it('ends with the client that waits for it', async () => {
    const steps = record(app.cache, 'step');
    const gone = app.open('/admin/actions/sweep?dryRun=true', SENT);
    await until(() => looks() === 1);
    gone.leave();
    await until(async () => (await connections(app)) === 0);
    // A connection is told to be closed a moment after it is counted no more.
    await ask(app, 'GET /admin/status');
    made.store?.heal();
    const { json } = await ask(app, 'POST /admin/actions/sweep?dryRun=true');
    const { steps: whole }: { steps: { step: string }[] } = json;
    expect(whole.length).toBeGreaterThan(1);
    expect(steps.map(({ report }) => report.step)).toEqual([whole[0]?.step, ...whole.map(({ step }) => step)]);
  });

  it('is alone with the cache, and no change waits for it', async () => {
    const first = app.open('/admin/actions/sweep?dryRun=true', SENT);
    await until(() => looks() === 1);
    const second = app.open('/admin/actions/sweep?dryRun=true', SENT);
    expect((await ask(app, 'POST /admin/actions/prune')).status).toBe(200);
    expect(looks()).toBe(1);
    made.store?.heal();
    expect([(await first.answer).status, (await second.answer).status]).toEqual([200, 200]);
    expect(looks()).toBe(2);
  });

  it('does not keep the next one from being made when it fails', async () => {
    const first = app.open('/admin/actions/sweep?dryRun=true', SENT);
    await until(() => looks() === 1);
    const wrong = ask(app, 'POST /admin/actions/sweep?dryRun=true', { body: { steps: ['none'] } });
    made.store?.heal();
    await first.answer;
    expect((await wrong).status).toBe(400);
    expect((await ask(app, 'POST /admin/actions/sweep?dryRun=true')).status).toBe(200);
  });
});

/** How many clients there are. */
function connections({ nest }: TestApp): Promise<number> {
  const server = nest.getHttpServer() as Server;
  return new Promise((resolve) => {
    server.getConnections((_, count) => {
      resolve(count);
    });
  });
}
