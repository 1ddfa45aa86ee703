import { openFiles } from '../../support/filesystem-store.js';
import { put, readBody, variantOf } from '../../support/stores.js';
import { describedBody, isDescribed } from './self-describing.js';

// Writes, reads and evicts the same few entries as other processes do, and tells what it has seen.
const [directory = '', writer = '', turns = ''] = process.argv.slice(2);
process.stdout.write('"ready"\n');
await new Promise((resolve) => process.stdin.once('data', resolve));
const { store, incidents } = await openFiles(directory);
const seen = { whole: 0, absent: 0, spoilt: 0, fenced: 0, stored: 0 };
const failures: string[] = [];

async function act(turn: number): Promise<void> {
  const key = variantOf(`image ${turn % 3}`, `${turn % 2}`);
  switch ((turn * 7 + writer.length) % 10) {
    case 0:
      await store.deleteGroup(key.group);
      break;
    case 1:
      await store.delete(key);
      break;
    case 2:
      if (turn % 50 === 2) await store.clear();
      break;
    case 3:
    case 4:
    case 5: {
      const body = describedBody(`${writer} ${turn}`, 500 + ((turn * 7919) % 200_000));
      seen[(await put(store, key, body)) === 'fenced' ? 'fenced' : 'stored'] += 1;
      break;
    }
    default: {
      const body = await readBody(store, key);
      if (body === undefined) seen.absent += 1;
      else seen[isDescribed(body) ? 'whole' : 'spoilt'] += 1;
    }
  }
}

const work = async (lane: number): Promise<void> => {
  for (let turn = lane; turn < Number(turns); turn += 4)
    await act(turn).catch((error: unknown) => failures.push(String(error)));
};
await Promise.all([0, 1, 2, 3].map(work));
await store.close?.();
process.stdin.destroy();
process.stdout.write(`${JSON.stringify({ ...seen, failures, incidents: incidents.map(({ message }) => message) })}\n`);
