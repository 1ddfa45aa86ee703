import { describe, expect, it } from '@jest/globals';
import { FakeClock } from 'nestjs-image-cache/testing';

describe('FakeClock', () => {
  it('stands still until it is moved', async () => {
    const clock = new FakeClock(1000);
    expect(clock.now()).toBe(1000);
    await clock.advance(5);
    expect(clock.now()).toBe(1005);
  });

  it('makes the calls that fall due in the order of their times, each at its time', async () => {
    const clock = new FakeClock(0);
    const made: [string, number][] = [];
    const note = (name: string) => () => void made.push([name, clock.now()]);
    clock.schedule(30, note('c'));
    clock.schedule(10, note('a'));
    clock.schedule(10, note('b'));
    clock.schedule(31, note('late'));
    await clock.advance(30);
    expect(made).toEqual([
      ['a', 10],
      ['b', 10],
      ['c', 30],
    ]);
    expect(clock.scheduled).toBe(1);
  });

  it('makes calls that are scheduled by calls, when they fall due in the same step', async () => {
    const clock = new FakeClock(0);
    const made: number[] = [];
    const tick = (): void => {
      made.push(clock.now());
      clock.schedule(10, tick);
    };
    clock.schedule(10, tick);
    await clock.advance(35);
    expect(made).toEqual([10, 20, 30]);
  });

  it('lets what a call sets off settle before it makes the next one', async () => {
    const clock = new FakeClock(0);
    const order: string[] = [];
    clock.schedule(1, () => {
      void Promise.resolve()
        .then(() => Promise.resolve())
        .then(() => order.push('settled'));
    });
    clock.schedule(2, () => order.push('next'));
    await clock.advance(2);
    expect(order).toEqual(['settled', 'next']);
  });

  it('sees calls that are scheduled by what is settling when it is moved', async () => {
    const clock = new FakeClock(0);
    let made = false;
    void Promise.resolve().then(() => clock.schedule(5, () => (made = true)));
    await clock.advance(5);
    expect(made).toBe(true);
  });

  it('does not make a call that was taken back', async () => {
    const clock = new FakeClock(0);
    let made = 0;
    const call = clock.schedule(10, () => (made += 1));
    call.cancel();
    call.cancel();
    await clock.advance(10);
    expect(made).toBe(0);
  });

  it('repeats a call at its interval until it is taken back', async () => {
    const clock = new FakeClock(0);
    const made: number[] = [];
    const call = clock.repeat(10, () => made.push(clock.now()));
    for (let step = 0; step < 4; step += 1) await clock.advance(5);
    call.cancel();
    await clock.advance(100);
    expect(made).toEqual([10, 20]);
    expect(clock.scheduled).toBe(0);
  });

  it('repeats a call once for a long step, before each other call and at the end', async () => {
    const clock = new FakeClock(0);
    const made: [string, number][] = [];
    const note = (name: string) => () => void made.push([name, clock.now()]);
    clock.repeat(10, note('repeated'));
    clock.schedule(86_400_000, note('call'));
    await clock.advance(100_000_000);
    expect(made).toEqual([
      ['repeated', 86_400_000],
      ['call', 86_400_000],
      ['repeated', 100_000_000],
    ]);
  });

  it('makes the calls that a repeated one schedules, and none that it takes back', async () => {
    const clock = new FakeClock(0);
    const made: string[] = [];
    const late = clock.schedule(10, () => made.push('taken back'));
    const repeated = clock.repeat(10, () => {
      repeated.cancel();
      late.cancel();
      clock.schedule(5, () => made.push('scheduled'));
    });
    await clock.advance(20);
    expect(made).toEqual(['scheduled']);
  });

  it('makes a call that is overdue at once', async () => {
    const clock = new FakeClock(0);
    let made = false;
    clock.schedule(-5, () => (made = true));
    await clock.advance(0);
    expect(made).toBe(true);
    expect(clock.now()).toBe(0);
  });

  it('lets what is outside the process meet its deadline, however far it moves', async () => {
    const clock = new FakeClock(0);
    const made: string[] = [];
    const deadline = clock.schedule(10, () => made.push('deadline'), { deadline: true });
    clock.schedule(20, () => made.push('call'));
    setTimeout(() => {
      deadline.cancel();
    }, 20);
    await clock.advance(86_400_000);
    expect(made).toEqual(['call']);
  });

  it('gives up what does not meet its deadline', async () => {
    const clock = new FakeClock(0);
    const made: number[] = [];
    for (const due of Array(100).keys()) clock.schedule(due, () => made.push(due), { deadline: true });
    await clock.advance(1000);
    expect(made).toEqual([...Array(100).keys()]);
  });
});
