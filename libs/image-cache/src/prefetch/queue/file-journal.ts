import { ImageCacheError, isImageCacheError, messageOf } from '../../common/errors.js';
import type { Journal } from './journal.js';
import { DiskReserve } from './disk-reserve.js';
import { LogDirectory, type LogDirectoryOptions, type OpenedLog } from './log-directory.js';
import { isNoRoom, noRoom, type LogFile } from './log-file.js';
import {
  decodeOperation,
  type LogMark,
  type QueueOperation,
  type QueueOutcome,
  type WrittenOperation,
} from './queue-operation.js';
import { beginningOf, VERSION } from './log-beginning.js';
import { QueueState } from './queue-state.js';
import { Submissions, type Submitted } from './submissions.js';
import { writeOperations } from './write-operations.js';

/** A log that is not longer goes on; bytes. */
const SHORT = 1024 * 1024;

/** A log goes on until it is so many times as long as one would be that takes over. */
const GROWTH = 4;

/** A log is written anew where there is so many times the room for it. */
const MARGIN = 2;

/** What a {@link FileJournal} depends on. */
export interface FileJournalOptions extends LogDirectoryOptions {
  /** Whether an operation counts only when it is on the disk. */
  readonly durable: boolean;
  /** Told of lines that were cut short. */
  readonly onDamage: (lines: number) => void;
  /** Told of what fails that does not keep the journal from going on. */
  readonly onError: (what: string, error: unknown) => void;
  /** A log that is longer may be taken over from; bytes. @default 1 MB */
  readonly short?: number;
}

/**
 * A journal in files, which any number of processes of one host append to and follow. No lock is taken, so that no process
 * that dies leaves one: the order in which the lines are in the file is the order of the operations, and everybody reads
 * the own one back to learn what came of it. Over a network, file systems append where they believe the end to be.
 *
 * A log that has grown is sealed by a line. What is appended behind it does not count, and is written anew by its author
 * to the log that takes over: this begins with the state at the seal, which all agree on, so that whoever comes first
 * makes it.
 */
export class FileJournal implements Journal {
  readonly state = new QueueState();
  readonly #options: FileJournalOptions;
  readonly #directory: LogDirectory;
  readonly #reserve: DiskReserve;
  readonly #submissions: Submissions;
  #opened: OpenedLog;
  #isSealed = false;
  #next: Promise<void> | undefined;
  #passing: Promise<void> = Promise.resolve();

  private constructor(options: FileJournalOptions, directory: LogDirectory, opened: OpenedLog) {
    this.#options = options;
    this.#directory = directory;
    this.#reserve = new DiskReserve(options.path);
    this.#submissions = new Submissions(options.me);
    this.#opened = opened;
  }

  /** @throws ImageCacheError `E_IMAGE_CACHE_STORE_REFUSED` when the directory cannot be used as it is */
  static async open(options: FileJournalOptions): Promise<FileJournal> {
    const directory = new LogDirectory(options);
    try {
      const opened = await directory.open(() => beginningOf(options.me, new QueueState()));
      const journal = new FileJournal(options, directory, opened);
      await journal.#follow();
      await journal.#clearUp();
      return journal;
    } catch (cause) {
      if (isImageCacheError(cause)) throw cause;
      const message = `prefetch.directory: ${options.path} cannot be used: ${messageOf(cause)}`;
      throw new ImageCacheError('E_IMAGE_CACHE_STORE_REFUSED', message, { cause });
    }
  }

  async submit(operation: QueueOperation): Promise<QueueOutcome> {
    const outcome = this.#submissions.add(operation);
    await this.sync();
    return outcome;
  }

  /** One pass after the other; what comes together is written together. */
  sync(): Promise<void> {
    if (this.#next === undefined) {
      const pass = this.#passing.then(() => {
        this.#next = undefined;
        return this.#pass();
      });
      this.#next = pass;
      this.#passing = pass.catch(ignore);
    }
    return this.#next;
  }

  async close(): Promise<void> {
    await this.#passing;
    await this.#opened.log.close();
  }

  async #pass(): Promise<void> {
    try {
      do await this.#turn();
      while (this.#submissions.isAnyWaiting);
      await this.#compact();
    } catch (error) {
      this.#submissions.reject(error);
      throw error;
    }
  }

  async #turn(): Promise<void> {
    const submissions = this.#submissions;
    submissions.begin();
    await this.#refuseMore();
    let failure = await this.#write(submissions.current);
    if (isImageCacheError(failure, 'E_IMAGE_CACHE_STORE_FULL')) {
      submissions.reject(failure, isMore);
      if (submissions.current.length > 0 && (await this.#reserve.spend()))
        failure = await this.#write(submissions.current);
    }
    // What was written before the failure, or before the seal, has come to its outcome.
    if (failure !== undefined) submissions.reject(failure);
    submissions.end();
  }

  /**
   * Nothing is taken in or begun without the room that it takes to end it, or to empty the queue. Signs of life go by the
   * same: nobody is taken for lost, either, where none can be given.
   */
  async #refuseMore(): Promise<void> {
    if (!this.#submissions.current.some(isMore) || (await this.#reserve.keep())) return;
    this.#submissions.reject(noRoom(), isMore);
  }

  /** Returns what has gone wrong. */
  async #write(operations: readonly WrittenOperation[]): Promise<unknown> {
    const failure = await writeOperations(this.#opened.log, operations, this.#options);
    await this.#follow();
    return failure;
  }

  /** A sealed log can only be followed by another one, so there has to be room for it; what is next is told that there is none. */
  async #compact(): Promise<void> {
    const { me, short = SHORT } = this.#options;
    const { bytes } = this.state.jobs;
    const isShort = this.#opened.log.size <= Math.max(short, GROWTH * bytes);
    if (isShort || !(await this.#directory.hasRoom(MARGIN * bytes))) return;
    await this.#write([{ name: me, operation: { op: 'seal' } }]).catch(ignore);
  }

  /** Reads to the end, and on in the log that takes over. */
  async #follow(): Promise<void> {
    for (;;) {
      const { log } = this.#opened;
      for (let lines = await log.read(); lines.length > 0; lines = await log.read()) this.#take(lines);
      if (!this.#isSealed && !(await log.isGone())) return;
      await this.#succeed();
    }
  }

  #take(lines: readonly string[]): void {
    let damaged = 0;
    for (const line of lines) {
      if (line === '' || this.#isSealed) continue;
      const written = decodeOperation(line);
      if (written === undefined) damaged += 1;
      else if (isMark(written.operation)) this.#mark(written.operation);
      else this.#apply(written.name, written.operation);
    }
    if (damaged > 0) this.#options.onDamage(damaged);
  }

  #mark(mark: LogMark): void {
    if (mark.op === 'seal') {
      this.#isSealed = true;
      this.state.forgetIdle();
    } else if (mark.version !== VERSION) {
      const message = `prefetch.directory: ${this.#options.path} is of version ${mark.version}; this is ${VERSION}.`;
      throw new ImageCacheError('E_IMAGE_CACHE_STORE_REFUSED', message);
    }
  }

  #apply(name: string, operation: QueueOperation): void {
    this.#submissions.resolve(name, this.state.apply(operation));
  }

  /** What is sealed goes on nowhere else, so it may have the room that is set aside. */
  async #create(generation: number, beginning: () => Iterable<string>): Promise<void> {
    if (await this.#directory.has(generation)) return;
    try {
      await this.#directory.create(generation, beginning());
    } catch (error) {
      if (!isNoRoom(error)) throw error;
      if (!(await this.#reserve.spend())) throw noRoom(error);
      await this.#directory.create(generation, beginning());
    }
  }

  /** What another log begins with is the state at the seal, unless it has taken over from one that was not seen. */
  async #succeed(): Promise<void> {
    const { log, generation } = this.#opened;
    const beginning = (): Iterable<string> => beginningOf(this.#options.me, this.state);
    await this.#create(generation + 1, beginning);
    const opened = await this.#directory.open(beginning);
    if (!this.#isSealed || opened.generation !== generation + 1) this.state.reset();
    this.#opened = opened;
    this.#isSealed = false;
    await this.#clearUp(log);
  }

  /** Leaves a former log, and takes away what nobody needs; what cannot be done now is, with the next log. */
  async #clearUp(former?: LogFile): Promise<void> {
    try {
      await former?.close();
      await this.#directory.clearUp(this.#opened.generation);
    } catch (error) {
      this.#options.onError('removing former logs of the queue', error);
    }
  }
}

/** What can wait for room: it ends nothing. */
function isMore({ operation }: Submitted): boolean {
  return ['add', 'claim', 'beat', 'expire'].includes(operation.op);
}

function isMark(operation: WrittenOperation['operation']): operation is LogMark {
  return operation.op === 'begin' || operation.op === 'seal';
}

function ignore(): void {
  // who waits for it is told
}
