import { beforeEach, describe, expect, it } from '@jest/globals';
import { CacheEvents } from '../../../../libs/image-cache/src/observability/events.js';

describe('CacheEvents', () => {
  let events: CacheEvents;

  beforeEach(() => {
    events = new CacheEvents();
  });

  const hit = { tier: 'variant', identifier: 'image' } as const;

  it('tells all listeners of an event, and nobody else', () => {
    const told: string[] = [];
    events.on('hit', ({ identifier }) => told.push(`a ${identifier}`));
    events.on('hit', ({ tier }) => told.push(`b ${tier}`));
    events.on('miss', () => told.push('miss'));
    events.emit('hit', hit);
    expect(told).toEqual(['a image', 'b variant']);
  });

  it('tells a listener no more that has been taken away', () => {
    let told = 0;
    const stop = events.on('hit', () => (told += 1));
    events.emit('hit', hit);
    stop();
    stop();
    events.emit('hit', hit);
    expect(told).toBe(1);
  });

  it('goes on to the other listeners when one throws, and tells of that', () => {
    const failures: unknown[] = [];
    let told = 0;
    const error = new Error('in a listener');
    events.on('background-failed', (failure) => failures.push(failure));
    events.on('hit', () => {
      throw error;
    });
    events.on('hit', () => (told += 1));
    events.emit('hit', hit);
    expect(told).toBe(1);
    expect(failures).toEqual([{ what: 'a listener of hit', error }]);
  });

  it('does not go round in circles when a listener of failures throws', () => {
    let told = 0;
    events.on('background-failed', () => {
      told += 1;
      throw new Error('again');
    });
    events.emit('background-failed', { what: 'x', error: new Error('y') });
    expect(told).toBe(1);
  });
});
