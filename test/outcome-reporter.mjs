import { writeSync } from 'node:fs';

/** Ends the run with one line that any CI can read: `12 passed, 0 failed, 1 skipped`. */
export default class OutcomeReporter {
  onRunComplete(_contexts, results) {
    const broken = results.testResults.filter((file) => file.testExecError !== undefined).length;
    const failed = results.numFailedTests + broken;
    const skipped = results.numPendingTests + results.numTodoTests;
    const line = `${results.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    // On exit, because Jest prints its own summary after the last reporter has returned.
    process.once('exit', () => writeSync(1, `${line}\n`));
  }
}
