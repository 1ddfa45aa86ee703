import { runInThisContext } from 'node:vm';

/** Collects the warnings that Node gives, such as that of a leak of listeners, until it is ended. */
export function warningsOfNode(): { readonly end: () => readonly string[] } {
  // Tests run with a copy of `process` that is told of no warnings.
  const real = runInThisContext('process') as NodeJS.Process;
  const warnings: string[] = [];
  const take = ({ message }: Error): void => void warnings.push(message);
  real.on('warning', take);
  return {
    end: () => {
      real.off('warning', take);
      return warnings;
    },
  };
}
