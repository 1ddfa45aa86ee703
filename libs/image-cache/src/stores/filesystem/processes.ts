import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { systemCode } from '../../common/errors.js';

/** Where processes can see one another: a run of a machine, and a namespace of process numbers on it. */
export interface ProcessSpace {
  /** Tells one run of the machine from the next. */
  readonly boot: string;
  /** Short, to be part of names. */
  readonly host: string;
}

/** Reads what tells this machine, this run of it and this container from others. */
export async function processSpace(): Promise<ProcessSpace> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => hostname());
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  const host = createHash('sha256').update(`${boot.trim()} ${namespace} ${hostname()}`).digest('hex').slice(0, 16);
  return { boot: boot.trim(), host };
}

/** The name of a process: where it runs, its number, and when it started, since numbers are used again. */
export async function processName({ host }: ProcessSpace, pid = process.pid): Promise<string> {
  return [host, pid, (await stateOf(pid))?.start ?? ''].join(SEPARATOR);
}

/** Whether a process, named by {@link processName}, has ended; of another host's processes nobody knows. */
export async function hasEnded(name: string, { host }: ProcessSpace): Promise<boolean> {
  const [itsHost, pid = '', start] = name.split(SEPARATOR);
  if (itsHost !== host || !/^[1-9]\d*$/.test(pid)) return false;
  if (!isRunning(Number(pid))) return true;
  const state = await stateOf(Number(pid));
  // The system may show the own processes only, or it has gone a moment ago.
  if (state === undefined) return !isRunning(Number(pid));
  return state.isOver || (start !== '' && state.start !== start);
}

/** Joins the parts of a name. */
const SEPARATOR = '.';

interface ProcessState {
  /** Ended, and its parent has taken no note of it. */
  readonly isOver: boolean;
  /** Clock ticks after the start of the machine. */
  readonly start: string;
}

/** What the system tells of a process, if it does: the first and the 20th field behind the name in brackets. */
async function stateOf(pid: number): Promise<ProcessState | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', start] = [fields[0], fields[19]];
  return start === undefined ? undefined : { isOver: 'ZX'.includes(state), start };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}
