import { afterEach, beforeEach, it } from '@jest/globals';
import pg from 'pg';
import { postgresCache } from '../../docs/examples/postgres-cache.js';
import { describeWithPostgres, startPostgres, type PostgresServer } from '../support/postgres-server.js';
import { endsByItself } from './scenarios/closing.js';
import { ImagesInUse } from './scenarios/outage.js';

type Act = () => Promise<void>;

describeWithPostgres('with PostgreSQL', () => {
  let postgres: PostgresServer;
  let lock: pg.Client | undefined;

  const nothing: Act = () => Promise.resolve();
  const kill: Act = () => postgres.kill();
  const restart: Act = () => postgres.restart();
  /** Lets nobody into the table: the server takes calls and does not answer. */
  const block: Act = async () => {
    lock = new pg.Client(postgres.url);
    await lock.connect();
    await lock.query('BEGIN; LOCK TABLE keyv IN ACCESS EXCLUSIVE MODE');
  };
  const unblock: Act = async () => {
    await lock?.end();
    lock = undefined;
  };

  beforeEach(async () => {
    postgres = await startPostgres();
  });

  afterEach(async () => {
    await unblock();
    await postgres.stop();
  });

  it.each<[string, Act, Act]>([
    ['is killed', kill, restart],
    ['does not answer', block, unblock],
  ])(
    'infos and pictures are made for each request while it %s, and kept again when it is back',
    async (_, breakIt, mend) => {
      const images = await ImagesInUse.open(postgresCache(postgres.url));
      images.begin();
      await images.inUse();
      await breakIt();
      await images.outOfUse();
      await mend();
      await images.inUse();
      await images.end();
      await images.close();
    },
    240_000,
  );

  it.each<[string, Act, Act]>([
    ['is there', nothing, nothing],
    ['was never there', kill, nothing],
    ['was killed', nothing, kill],
    ['does not answer', nothing, block],
    ['is back', nothing, restart],
  ])(
    'a process answers and comes to its end when it %s',
    async (_, before, meanwhile) => {
      await before();
      await endsByItself(postgres.url, meanwhile);
    },
    60_000,
  );
});
