import { describe, expect, it } from '@jest/globals';
import { FakeClock } from 'nestjs-image-cache/testing';
import { Background } from '../../../../libs/image-cache/src/common/background.js';
import { CacheEvents } from '../../../../libs/image-cache/src/observability/events.js';
import { Renewals } from '../../../../libs/image-cache/src/tiers/renewals.js';
import { deferred } from '../../../support/async.js';

describe('Renewals', () => {
  const create = (): { renewals: Renewals; background: Background } => {
    const background = new Background(() => undefined);
    return { background, renewals: new Renewals({ clock: new FakeClock(), events: new CacheEvents(), background }) };
  };

  it('are so many at a time: more would keep more and more requests in memory', async () => {
    const { renewals, background } = create();
    const gate = deferred();
    const begun = new Set<string>();
    const start = (name: string): void => {
      renewals.start(name, name, () => {
        begun.add(name);
        return gate.promise;
      });
    };
    for (let index = 0; index < 2000; index += 1) start(String(index));
    expect(begun.size).toBe(1000);
    expect(begun.has('1500')).toBe(false);
    gate.resolve();
    await background.settled();
    start('1500');
    expect(begun.has('1500')).toBe(true);
    await background.settled();
  });
});
