import { describe, expect, it } from '@jest/globals';
import { News } from '../../../../libs/image-cache/src/common/news.js';

describe('News', () => {
  it('wake all who wait, once, and neither who comes later nor who waits no longer', () => {
    const news = new News();
    const woken: string[] = [];
    const wait = (name: string): (() => void) => news.wait(() => woken.push(name));
    wait('first');
    const leave = wait('leaving');
    wait('second');
    leave();
    news.tell();
    expect(woken).toEqual(['first', 'second']);
    wait('late');
    leave();
    news.tell();
    expect(woken).toEqual(['first', 'second', 'late']);
  });

  it('are waited for anew by who is woken', () => {
    const news = new News();
    let woken = 0;
    const wake = (): void => {
      woken += 1;
      news.wait(wake);
    };
    news.wait(wake);
    news.tell();
    news.tell();
    expect(woken).toBe(2);
  });
});
