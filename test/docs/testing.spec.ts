import { afterEach, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import {
  CACHE_OFF,
  IN_MEMORY,
  startMuseum,
  startMuseumWithClock,
  startMuseumWithTrouble,
} from '../../docs/examples/testing-an-application.js';
import { eventually } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';

const open: INestApplication[] = [];
const directories: TestDirectory[] = [];

afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
  for (const directory of directories.splice(0)) await directory.remove();
});

async function startWithTrouble() {
  const directory = await makeDirectory();
  directories.push(directory);
  return startMuseumWithTrouble(directory.path);
}

/** The Cache-Status of a picture. */
async function statusOf(app: INestApplication): Promise<string> {
  const response = await fetch(`${await app.getUrl()}/paintings/salmon/small`);
  await response.arrayBuffer();
  return `${response.status} ${response.headers.get('cache-status')}`;
}

/** Takes one of these out of a list; whether there was one. */
function takeOut(list: string[], each: string): boolean {
  const index = list.indexOf(each);
  if (index >= 0) list.splice(index, 1);
  return index >= 0;
}

describe('The recipe for tests of an application', () => {
  it('renders every time with the cache off', async () => {
    const app = await startMuseum(CACHE_OFF);
    open.push(app);
    expect([await statusOf(app), await statusOf(app)]).toEqual(Array(2).fill('200 image-cache; fwd=bypass'));
  });

  it('keeps pictures in memory', async () => {
    const app = await startMuseum(IN_MEMORY);
    open.push(app);
    expect([await statusOf(app), await statusOf(app)]).toEqual([
      '200 image-cache; fwd=miss; stored',
      expect.stringMatching(/^200 image-cache; hit/),
    ]);
  });

  it('lets a picture expire by moving the clock, and the worker sweep it', async () => {
    const { app, clock, cache } = await startMuseumWithClock();
    open.push(app);
    expect(await statusOf(app)).toMatch(/fwd=miss; stored$/);
    await clock.advance(86_399_000);
    expect(await statusOf(app)).toMatch(/hit/);
    await clock.advance(86_400_001);
    expect(await statusOf(app)).toMatch(/fwd=stale; stored$/);
    await clock.advance(2 * 86_400_000);
    const { steps } = await cache.sweep();
    expect(steps.reduce((sum, { removed }) => sum + removed, 0)).toBe(1);
  });

  it('shows what the application does about a store that fails', async () => {
    const { app, chaos } = await startWithTrouble();
    open.push(app);
    chaos.fail('read', new Error('The disk is gone'), { times: 1 });
    expect(await statusOf(app)).toMatch(/^200 image-cache; fwd=miss/);
    expect(await statusOf(app)).toMatch(/^200 image-cache; hit/);
    expect(chaos.calls('read')).toBeGreaterThan(0);
  });

  it('leaves nothing open when the application is closed', async () => {
    const before = process.getActiveResourcesInfo();
    const { app, chaos } = await startWithTrouble();
    await statusOf(app);
    await app.close();
    expect(chaos.calls('close')).toBe(1);
    await eventually(() => {
      const known = [...before];
      // One of each kind for each that was there before.
      const added = process.getActiveResourcesInfo().filter((each) => !takeOut(known, each));
      expect(added).toEqual([]);
    });
  });
});
