import { fillDisk } from './full-disk.js';

const [directory = '', room = ''] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(await fillDisk(directory, Number(room)))}\n`);
