import { describe, expect, it } from '@jest/globals';
import type { MaintenanceRate } from 'nestjs-image-cache';
import { Pace } from '../../../../../libs/image-cache/src/stores/filesystem/upkeep/pace.js';

/** A pace in a time of its own, in which sleep is all that passes by itself. */
function makePace(rate: MaintenanceRate): { pace: Pace; pass: (milliseconds: number) => void; naps: number[] } {
  let time = 1_000_000;
  const naps: number[] = [];
  const sleep = (milliseconds: number): void => {
    naps.push(milliseconds);
    time += milliseconds;
  };
  return { pace: new Pace({ rate, now: () => time, sleep }), pass: (milliseconds) => (time += milliseconds), naps };
}

const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0);

describe('the pace of a sweep', () => {
  it('is not held back where nothing is limited', () => {
    const { pace, pass, naps } = makePace({});
    for (let turn = 0; turn < 1000; turn += 1) {
      pace.spend({ files: 1000, bytes: 1e9 });
      pass(100);
    }
    expect(naps).toEqual([]);
  });

  it.each([
    ['files', { files: 100 }, { files: 1 }],
    ['bytes', { bytes: 102_400 }, { bytes: 1024 }],
    ['the stricter of files and bytes', { files: 100, bytes: 1e9 }, { files: 1, bytes: 1024 }],
  ])('keeps to %s per second', (_, rate, work) => {
    const { pace, naps } = makePace(rate);
    for (let turn = 0; turn < 1000; turn += 1) pace.spend(work);
    expect(sum(naps)).toBeCloseTo(10_000, -1);
  });

  it('waits no longer for files that took their time', () => {
    const { pace, pass, naps } = makePace({ files: 100 });
    for (let turn = 0; turn < 100; turn += 1) {
      pass(20);
      pace.spend({ files: 1 });
    }
    expect(naps).toEqual([]);
  });

  it('makes up for a moment that was lost', () => {
    const { pace, pass, naps } = makePace({ files: 100 });
    pass(50);
    for (let turn = 0; turn < 100; turn += 1) pace.spend({ files: 1 });
    expect(sum(naps)).toBeCloseTo(950, -1);
  });

  it('makes up for no more than a moment after a long wait', () => {
    const { pace, pass, naps } = makePace({ files: 100 });
    pace.spend({ files: 50 });
    pass(60_000);
    for (let turn = 0; turn < 200; turn += 1) pace.spend({ files: 1 });
    expect(sum(naps)).toBeCloseTo(500 + 1890, -1);
  });

  it.each([0.5, 0.1, 0.9])('is busy for a share of %d of the time', (share) => {
    const { pace, pass, naps } = makePace({ share });
    for (let turn = 0; turn < 10_000; turn += 1) {
      pass(1);
      pace.spend({ files: 1 });
    }
    expect(10_000 / (10_000 + sum(naps))).toBeCloseTo(share, 1);
    expect(Math.min(...naps)).toBeGreaterThanOrEqual(5);
  });

  it('rests for its own work only, not for the time in which it waited for others', () => {
    const { pace, pass, naps } = makePace({ share: 0.5 });
    pass(60_000);
    pace.rested();
    pace.spend();
    expect(naps).toEqual([]);
    pass(20);
    pace.spend();
    expect(naps).toEqual([20]);
  });
});
