import { describe, expect, it } from '@jest/globals';
import { ClientQuota } from '../../../../libs/image-cache/src/common/client-quota.js';

describe('a quota of clients', () => {
  it('lets each client have so many at a time, and another one when one has ended', () => {
    const quota = new ClientQuota(2);
    const end = quota.take('a');
    quota.take('a');
    expect(() => quota.take('a')).toThrow(
      expect.objectContaining({ code: 'E_IMAGE_CACHE_TOO_MANY', status: 429, retryAfter: 1 }),
    );
    quota.take('b');
    end();
    quota.take('a');
    expect(() => quota.take('a')).toThrow('A client may have 2 renders at a time.');
  });

  it('keeps nothing of clients that have nothing', () => {
    const quota = new ClientQuota(3);
    const ends = Array.from({ length: 300 }, (_, index) => quota.take(`client ${index % 100}`));
    expect(quota.clients).toBe(100);
    for (const end of ends) end();
    expect(quota.clients).toBe(0);
  });

  it('counts nothing for nobody, nor without a limit', () => {
    const quota = new ClientQuota(1);
    for (let count = 0; count < 5; count += 1) quota.take(undefined);
    const unlimited = new ClientQuota(undefined);
    for (let count = 0; count < 5; count += 1) unlimited.take('a');
    expect([quota.clients, unlimited.clients]).toEqual([0, 0]);
  });
});
