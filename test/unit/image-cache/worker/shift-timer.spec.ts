import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ModuleRef } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { ShiftTimer } from '../../../../libs/image-cache/src/worker/shift-timer.js';

describe('ShiftTimer', () => {
  let registry: SchedulerRegistry;
  let shifts: string[];

  beforeEach(() => {
    jest.useFakeTimers();
    registry = new SchedulerRegistry();
    shifts = [];
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  async function opened(): Promise<ShiftTimer> {
    const moduleRef = { get: () => registry } as unknown as ModuleRef;
    const timer = new ShiftTimer({ name: 'work', option: 'worker', moduleRef });
    await timer.open();
    return timer;
  }

  const shift = (name: string) => () => void shifts.push(name);

  it('shows in the registry what is planned', async () => {
    const timer = await opened();
    timer.schedule(1000, shift('a'));
    expect([registry.getTimeouts(), timer.nextAt]).toEqual([['work'], Date.now() + 1000]);
    jest.advanceTimersByTime(1000);
    expect([registry.getTimeouts(), timer.nextAt, shifts]).toEqual([[], undefined, ['a']]);
  });

  it('makes the shift that was planned last, and not the one before', async () => {
    const timer = await opened();
    timer.schedule(1000, shift('a'));
    timer.schedule(2000, shift('b'));
    expect([registry.getTimeouts(), jest.getTimerCount()]).toEqual([['work'], 1]);
    jest.advanceTimersByTime(5000);
    expect(shifts).toEqual(['b']);
  });

  it('plans nothing under a name that is taken, and leaves what has it', async () => {
    const timer = await opened();
    registry.addTimeout('work', setTimeout(shift('of others'), 1000));
    expect(() => {
      timer.schedule(500, shift('a'));
    }).toThrow(/already exists/);
    timer.cancel();
    expect([timer.nextAt, jest.getTimerCount()]).toEqual([undefined, 1]);
    jest.advanceTimersByTime(1000);
    expect(shifts).toEqual(['of others']);
  });

  it('can be cancelled when somebody else has taken it out of the registry', async () => {
    const timer = await opened();
    timer.schedule(1000, shift('a'));
    registry.deleteTimeout('work');
    timer.cancel();
    timer.schedule(1000, shift('b'));
    jest.advanceTimersByTime(1000);
    expect(shifts).toEqual(['b']);
  });
});
