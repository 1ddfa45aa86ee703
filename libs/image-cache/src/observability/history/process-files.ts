import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { systemCode } from '../../common/errors.js';

/** What a process tells the others. */
export interface ProcessRecord {
  readonly version: 1;
  /** Names the process: its host, its number, and a random part. */
  readonly id: string;
  readonly startedAt: number;
  /** When it was written; milliseconds since the epoch. */
  readonly at: number;
  /** Whether the process has ended in peace. */
  readonly ended: boolean;
  /** Names of what the rows hold: of another version of the library, there may be others. */
  readonly columns: string;
  readonly fine: readonly StoredRow[];
  readonly coarse: readonly StoredRow[];
  readonly top: readonly { readonly identifier: string; readonly uses: number; readonly error: number }[];
}

/** The start of the span, then place and value of all that is known. */
export type StoredRow = readonly number[];

/** Files that are read: what is older than so many restarts is not told of. */
const MOST_FILES = 16;

/** A larger one is none of ours; bytes. */
const LARGEST = 8 * 1024 * 1024;

/** What is made of a {@link ProcessRecord.id}; whatever else is in the directory is left alone. */
const OURS = /^([\w.-]+-\d+-[\da-f]{8})\.json(\.tmp)?$/;

/** A name for this process that no other one has, which {@link ProcessFiles} know again as one of theirs. */
export function newProcessId(): string {
  return `${hostname().replaceAll(/[^\w.-]/g, '-')}-${process.pid}-${randomBytes(4).toString('hex')}`;
}

interface ProcessFile {
  readonly name: string;
  /** Names the process. */
  readonly id: string;
  /** Whether it was not written to its end, or is not yet. */
  readonly isUnfinished: boolean;
  readonly modified: number;
}

interface Known {
  readonly modified: number;
  readonly record: ProcessRecord | undefined;
}

/**
 * The files of a directory by which processes tell one another of their history: one for each process, replaced as a
 * whole. Where one cannot be read, the others still speak.
 */
export class ProcessFiles {
  readonly #directory: string;
  readonly #lifetime: number;
  /** What was read; of a process that has ended, the file does not change any more. */
  #known = new Map<string, Known>();

  /** @param lifetime milliseconds after which a file of which nobody writes any more is removed */
  constructor(directory: string, lifetime: number) {
    this.#directory = directory;
    this.#lifetime = lifetime;
  }

  /** Publishes what a process tells; readers see the file before, or the new one. */
  async write(record: ProcessRecord): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    const path = join(this.#directory, `${record.id}.json`);
    const handle = await open(`${path}.tmp`, 'w', 0o600);
    try {
      await handle.writeFile(JSON.stringify(record));
    } finally {
      await handle.close();
    }
    await rename(`${path}.tmp`, path);
  }

  /** Reads what others tell, who has written last at the end; removes what is older than anybody asks for. */
  async readOthers(own: string, now: number): Promise<ProcessRecord[]> {
    const files = await this.#newest(own, now);
    const known = new Map<string, Known>();
    for (const { name, modified } of files) {
      const before = this.#known.get(name);
      const record = before?.modified === modified ? before.record : await this.#read(name);
      known.set(name, { modified, record });
    }
    this.#known = known;
    const records = [...known.values()].map(({ record }) => record).filter((record) => record !== undefined);
    return records.sort((a, b) => a.at - b.at);
  }

  /** None has written before the first span has ended. */
  async #names(): Promise<readonly string[]> {
    try {
      return await readdir(this.#directory);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  async #newest(own: string, now: number): Promise<ProcessFile[]> {
    const files: ProcessFile[] = [];
    for (const name of await this.#names()) {
      const [, id, unfinished] = OURS.exec(name) ?? [];
      if (id === undefined || id === own) continue;
      const modified = await modifiedAt(join(this.#directory, name));
      if (modified === undefined) continue;
      const file = { name, id, isUnfinished: unfinished !== undefined, modified };
      if (now - modified > this.#lifetime) await this.#remove(file);
      else if (!file.isUnfinished) files.push(file);
    }
    return files.sort((a, b) => b.modified - a.modified).slice(0, MOST_FILES);
  }

  /** What is not proved to be ours may be all that somebody has, in a directory that was named by mistake. */
  async #remove({ name, id, isUnfinished }: ProcessFile): Promise<void> {
    const isOurs = isUnfinished || (await this.#read(name))?.id === id;
    if (isOurs) await rm(join(this.#directory, name), { force: true });
  }

  async #read(name: string): Promise<ProcessRecord | undefined> {
    try {
      const handle = await open(join(this.#directory, name), constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        const { size } = await handle.stat();
        if (size > LARGEST) return undefined;
        const record: unknown = JSON.parse(await handle.readFile('utf8'));
        return isRecord(record) ? record : undefined;
      } finally {
        await handle.close();
      }
    } catch {
      // It has gone meanwhile, or is none of ours: there is nothing that it could tell.
      return undefined;
    }
  }
}

/** `undefined` of what has gone meanwhile, or is no file. */
async function modifiedAt(path: string): Promise<number | undefined> {
  try {
    const state = await lstat(path);
    return state.isFile() ? state.mtimeMs : undefined;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isRecord(value: unknown): value is ProcessRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { version, id, at, startedAt, ended, columns, fine, coarse, top } = value as Partial<ProcessRecord>;
  const isTold = version === 1 && typeof id === 'string' && typeof columns === 'string' && typeof ended === 'boolean';
  return (
    isTold &&
    [at, startedAt].every(Number.isFinite) &&
    [fine, coarse].every(areRows) &&
    Array.isArray(top) &&
    top.every(isUsed)
  );
}

function areRows(rows: unknown): boolean {
  return Array.isArray(rows) && rows.every((row) => Array.isArray(row) && row.every(Number.isFinite));
}

function isUsed(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { identifier, uses, error } = value as Partial<ProcessRecord['top'][number]>;
  return typeof identifier === 'string' && Number.isFinite(uses) && Number.isFinite(error);
}
