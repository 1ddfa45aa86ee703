import { createKeyv } from '@keyv/redis';
import { afterEach, beforeEach, describe, it } from '@jest/globals';
import { describeWithRedis, startRedis, type RedisServer } from '../support/redis-server.js';
import { endsByItself } from './scenarios/closing.js';
import { ImagesInUse } from './scenarios/outage.js';

type Act = () => Promise<void>;

describeWithRedis('with a redis-server', () => {
  let redis: RedisServer;

  const nothing: Act = () => Promise.resolve();
  const kill: Act = () => redis.kill();
  const restart: Act = () => redis.restart();
  const pause: Act = () => {
    redis.pause();
    return nothing();
  };
  const goOn: Act = () => {
    redis.goOn();
    return nothing();
  };

  beforeEach(async () => {
    redis = await startRedis({ keeps: true });
  });

  afterEach(() => redis.stop());

  describe('infos and pictures', () => {
    let images: ImagesInUse;

    const open = async (): Promise<void> => {
      // A client that queues calls while it is offline may not come back at all (node-redis 5, issue 3346).
      const options = { url: redis.url, disableOfflineQueue: true };
      images = await ImagesInUse.open(createKeyv(options, { throwOnErrors: true }));
      images.begin();
    };

    afterEach(() => images.close());

    it('are made for each request while it is not there at the start, and kept when it comes', async () => {
      await kill();
      await open();
      await images.outOfUse();
      await restart();
      await images.inUse();
      await images.end();
    }, 240_000);

    it.each<[string, Act, Act]>([
      ['is killed', kill, restart],
      ['does not answer', pause, goOn],
      ['does not answer, and is killed then', pause, restart],
    ])(
      'are made for each request while it %s, and kept again when it is back',
      async (_, breakIt, mend) => {
        await open();
        await images.inUse();
        await breakIt();
        await images.outOfUse();
        await mend();
        await images.inUse();
        await images.end();
      },
      240_000,
    );
  });

  it.each<[string, Act, Act]>([
    ['is there', nothing, nothing],
    ['was never there', kill, nothing],
    ['was killed', nothing, kill],
    ['does not answer', nothing, pause],
    ['never answered', pause, nothing],
    ['is back', nothing, restart],
  ])(
    'a process answers and comes to its end when it %s',
    async (_, before, meanwhile) => {
      await before();
      await endsByItself(redis.url, meanwhile);
    },
    60_000,
  );
});
