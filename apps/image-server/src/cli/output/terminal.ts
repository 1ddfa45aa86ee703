import { Injectable } from '@nestjs/common';
import { printable } from 'nestjs-image-cache';
import { createInterface } from 'node:readline/promises';
import { NO_PROGRESS, progressBar, type Progress } from './progress.js';
import { table, type Column } from './table.js';

/** Where the answers of a command go: results to the standard output, all else to the standard error. */
@Injectable()
export class Terminal {
  /** Writes a result. */
  print(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** Writes a result as JSON. */
  printJson(value: unknown): void {
    this.print(JSON.stringify(value, undefined, 2));
  }

  /** Writes a result as a table. */
  printTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void {
    this.print(table(rows, columns, { lines: process.stdout.isTTY, width: process.stdout.columns }));
  }

  /** Writes what is to be known beside the result. */
  tell(line: string): void {
    process.stderr.write(`${printable(line)}\n`);
  }

  /** Whether there is somebody to be asked. */
  get canAsk(): boolean {
    return process.stdin.isTTY && process.stderr.isTTY;
  }

  /** Asks for a yes; whatever else is answered, and no answer, is a no. */
  async confirm(question: string, signal: AbortSignal): Promise<boolean> {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    const closed = new Promise<string>((resolve) =>
      lines.once('close', () => {
        resolve('');
      }),
    );
    // The interface takes Ctrl-C for itself.
    lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    try {
      const answer = await Promise.race([lines.question(`${question} [y/N] `, { signal }), closed]);
      return /^y(es)?$/i.test(answer.trim());
    } finally {
      lines.close();
    }
  }

  /** Shows how far work is, where somebody can see it. */
  progress(title: string, steps: readonly string[]): Progress {
    return process.stderr.isTTY ? progressBar(title, steps, process.stderr) : NO_PROGRESS;
  }
}
