import { deferred, type Deferred } from '../../support/async.js';
import { runChild, type Child } from '../../support/child-process.js';

type Order = Readonly<Partial<Record<'go' | 'pause' | 'leave', string>>>;

interface Told {
  readonly problem?: string;
  /** Files of the directory that it has open. */
  readonly open?: number;
}

/** What {@link CrashingProcesses} depend on. */
export interface CrashingProcessesOptions {
  readonly count: number;
  /** Bytes. */
  readonly maxSize: number;
  readonly random: (limit: number) => number;
}

/** Processes that use a directory together. Some of them are killed, and others take their place. */
export class CrashingProcesses {
  readonly #options: CrashingProcessesOptions;
  readonly #members: Member[] = [];
  readonly #problems: string[] = [];
  #done = 0;
  #progress: { readonly target: number; readonly reached: Deferred } | undefined;

  constructor(options: CrashingProcessesOptions) {
    this.#options = options;
  }

  /** What has been told that must not be. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Lets all of them use a directory, until they have done so many things. */
  async use(directory: string, turns: number): Promise<void> {
    while (this.#members.length < this.#options.count) this.#members.push(this.#start());
    await Promise.all(this.#members.map(({ ready }) => ready));
    const reached = deferred();
    this.#done = 0;
    this.#progress = { target: turns, reached };
    for (const member of this.#members) member.tell({ go: directory });
    if (turns > 0) await reached.promise;
  }

  /** Kills some of them in the middle of what they do, lets the others stop, and tells how many files those have open. */
  async kill(count: number, directory: string): Promise<number> {
    const victims = Array.from({ length: count }, () =>
      this.#members.splice(this.#options.random(this.#members.length), 1),
    );
    await Promise.all(victims.flat().map((member) => member.kill()));
    return this.#ask({ pause: directory });
  }

  /** Lets them close a directory, and tells how many of its files they have open then. */
  async leave(directory: string): Promise<number> {
    return this.#ask({ leave: directory });
  }

  async end(): Promise<void> {
    await Promise.all(this.#members.splice(0).map((member) => member.kill()));
  }

  async #ask(order: Order): Promise<number> {
    const open = await Promise.all(this.#members.map((member) => member.ask(order)));
    return open.reduce((sum, each) => sum + each, 0);
  }

  #start(): Member {
    const { random, maxSize } = this.#options;
    return new Member([`${random(2 ** 31)}`, `${maxSize}`], (problem) => {
      if (problem !== undefined) this.#problems.push(problem);
      this.#done += 1;
      if (problem !== undefined || this.#done === this.#progress?.target) this.#progress?.reached.resolve();
    });
  }
}

class Member {
  readonly ready: Promise<unknown>;
  readonly #child: Child;
  readonly #onDone: (problem?: string) => void;
  readonly #listening: Promise<void>;
  #answer = deferred<Told>();
  #isKilled = false;

  /** @param onDone called for everything that it has done, with what must not be */
  constructor(args: readonly string[], onDone: (problem?: string) => void) {
    this.#child = runChild('faults/scenarios/crashing-process.ts', args);
    this.#onDone = onDone;
    this.ready = this.#answer.promise;
    this.#listening = this.#listen();
  }

  tell(order: Order): void {
    this.#child.tell(JSON.stringify(order));
  }

  async ask(order: Order): Promise<number> {
    this.#answer = deferred();
    this.tell(order);
    return (await this.#answer.promise).open ?? 0;
  }

  async kill(): Promise<void> {
    this.#isKilled = true;
    this.#child.process.kill('SIGKILL');
    await this.#listening;
  }

  async #listen(): Promise<void> {
    try {
      for (;;) this.#hear((await this.#child.next()) as Told);
    } catch (error) {
      if (this.#isKilled) return;
      this.#answer.reject(error as Error);
      this.#onDone(String(error));
    }
  }

  #hear(told: Told): void {
    if (told.open === undefined) this.#onDone(told.problem);
    else this.#answer.resolve(told);
  }
}
