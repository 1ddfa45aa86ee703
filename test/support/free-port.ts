import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { systemCode } from '../../libs/image-cache/src/common/errors.js';

/** Ports that need no privilege begin here … */
const FIRST = 2000;

/** … and this many are for each test file that runs at the same time. */
const SHARE = 4000;

/**
 * A port of this machine that nobody listens on, and that the system gives to no connection either: a server that is
 * started anew on it finds it free, however many connections its clients have made meanwhile.
 *
 * @param taken by somebody who does not listen on it yet
 */
export async function freePort(taken?: number): Promise<number> {
  const [ephemeral = 0] = (await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')).split(/\s/).map(Number);
  const shares = Math.max(1, Math.floor((ephemeral - FIRST) / SHARE));
  const begin = FIRST + (Number(process.env['JEST_WORKER_ID'] ?? 1) % shares) * SHARE;
  const offset = Math.floor(Math.random() * SHARE);
  for (let tried = 0; tried < SHARE; tried += 1) {
    const port = begin + ((offset + tried) % SHARE);
    if (port !== taken && (await isFree(port))) return port;
  }
  throw new Error(`All ports from ${begin} to ${begin + SHARE} are taken.`);
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, '127.0.0.1');
  try {
    await once(probe, 'listening');
  } catch (error) {
    if (systemCode(error) === 'EADDRINUSE') return false;
    throw error;
  }
  probe.close();
  await once(probe, 'close');
  return true;
}
