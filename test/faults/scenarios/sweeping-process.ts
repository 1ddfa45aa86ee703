import { openFiles } from '../../support/filesystem-store.js';

/** Sweeps a cache whose entries are all too old, and leaves the store open. */
const [, , root = ''] = process.argv;
const { store } = await openFiles(root);
const expiry = { idle: 1, staleness: 0 };
const report = await store.maintain?.('expired', {
  stall: 1,
  expiry: { info: expiry, variant: expiry, source: expiry },
});
console.log(JSON.stringify(report));
