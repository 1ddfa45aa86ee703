import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import type { Leases, RenderedImage, StoreFactory, SweepReport, Variant } from 'nestjs-image-cache';
import { createImageCache } from '../../../libs/image-cache/src/service/create-image-cache.js';
import { filesystemStore } from '../../../libs/image-cache/src/stores/filesystem/filesystem-store.js';
import { ChaosStore } from '../../../libs/image-cache/src/testing/chaos-store.js';
import { deferred, until } from '../../support/async.js';
import { describedBody, isDescribed } from './self-describing.js';

/** What the process is told to do, one to a line. */
export interface Command {
  /** Asks for the picture so many times at once. */
  readonly ask?: number;
  /** Ends the render that is under way, or the next one, with a picture of this label … */
  readonly finish?: string;
  /** … of so many bytes. */
  readonly size?: number;
  /** Lets it fail instead. */
  readonly fail?: true;
  readonly evict?: true;
  /** Sweeps; `stop` stops in the middle … */
  readonly sweep?: 'through' | 'stop';
  /** … until it is to go on. */
  readonly goOn?: true;
  /** Nothing else comes: only what is under way keeps the process. */
  readonly last?: true;
}

/** What became of all who asked. */
export interface Got {
  /** The labels of the pictures, each once. */
  readonly labels: readonly string[];
  readonly whole: number;
  readonly failed: number;
  /** How they were answered, and how often. */
  readonly outcomes: Readonly<Record<string, number>>;
}

// Shares a cache with other processes, does what it is told, and tells when it renders, awaits another one's render, and
// what it got.
const [directory = ''] = process.argv.slice(2);
const tell = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

/** Tells of each look at a lease that somebody else has. */
class ToldLooks extends ChaosStore {
  override get leases(): Leases | undefined {
    const leases = super.leases;
    const take: Leases['take'] = async (subject) => {
      const lease = await leases?.take(subject);
      if (lease === undefined) tell({ looks: true });
      return lease;
    };
    return leases && { take };
  }
}

let chaos: ChaosStore | undefined;
const store: StoreFactory = (context) =>
  (chaos = new ToldLooks(filesystemStore({ directory })(context), context.clock));
const cache = await createImageCache({ variant: { store }, info: false, worker: false });
cache.on('awaited', () => {
  tell({ awaits: true });
});
cache.on('not-stored', ({ reason }) => {
  tell({ notStored: reason });
});
let picture = deferred<Buffer>();

async function render(): Promise<RenderedImage> {
  tell({ renders: true });
  return { body: await picture.promise, contentType: 'image/jpeg' };
}

async function ask(times: number): Promise<Got> {
  const identity = { identifier: 'image', operations: 'max', extension: 'jpg' };
  const asked = Array.from({ length: times }, async () => wholeOf(await cache.variants.getOrRender(identity, render)));
  const answers = await Promise.allSettled(asked);
  const labels = new Set<string>();
  const got = { whole: 0, failed: 0, outcomes: {} as Record<string, number> };
  for (const answer of answers) {
    if (answer.status === 'rejected') got.failed += 1;
    else {
      const { body, kind } = answer.value;
      if (isDescribed(body)) got.whole += 1;
      labels.add(body.subarray(32, body.indexOf('\n', 32)).toString());
      got.outcomes[kind] = (got.outcomes[kind] ?? 0) + 1;
    }
  }
  return { ...got, labels: [...labels] };
}

async function wholeOf({ body, outcome }: Variant): Promise<{ readonly body: Buffer; readonly kind: string }> {
  const whole = body === undefined || Buffer.isBuffer(body) ? (body ?? Buffer.alloc(0)) : await buffer(body);
  return { body: whole, kind: outcome.kind };
}

async function sweep(stops: boolean): Promise<SweepReport> {
  if (stops) chaos?.hang('maintain');
  const report = cache.sweep();
  if (stops) await until(() => chaos?.calls('maintain') === 1);
  if (stops) tell({ stops: true });
  return report;
}

async function act(command: Command): Promise<void> {
  const { finish, size = 15_000 } = command;
  if (command.last) process.stdin.destroy();
  if (finish !== undefined) picture.resolve(describedBody(finish, size));
  if (command.fail) picture.reject(new Error('It cannot be made here.'));
  if (finish !== undefined || command.fail) picture = deferred();
  if (command.evict) tell({ evicted: await cache.evict('image') });
  if (command.goOn) chaos?.heal();
  if (command.sweep !== undefined) tell({ swept: await sweep(command.sweep === 'stop') });
  if (command.ask !== undefined) tell({ got: await ask(command.ask) });
  if (command.last) await cache.close();
}

tell({ ready: true });
createInterface({ input: process.stdin }).on('line', (line) => void act(JSON.parse(line) as Command));
