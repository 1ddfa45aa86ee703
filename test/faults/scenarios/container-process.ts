import { filesystemStore, type StoreIncident } from 'nestjs-image-cache';
import { systemClock } from '../../../libs/image-cache/src/common/system-clock.js';
import { put, variantOf } from '../../support/stores.js';

// Uses a bounded cache until it is told to end; tells what it has, and what came of it.
const [directory = ''] = process.argv.slice(2);
const incidents: StoreIncident[] = [];
const report = (incident: StoreIncident): void => void incidents.push(incident);
const store = filesystemStore({ directory, maxSize: '10MB' })({ clock: systemClock, maxBufferedEntry: 65_536, report });
await store.open?.();
const stored = await put(store, variantOf(`image ${Math.random()}`), 'body').then(
  () => true,
  () => false,
);
const told = {
  pid: process.pid,
  bounded: store.features.bounded,
  stored,
  incidents: incidents.map((each) => each.message),
};
process.stdout.write(`${JSON.stringify(told)}\n`);
await new Promise((resolve) => process.stdin.once('data', resolve));
process.stdin.destroy();
await store.close?.();
