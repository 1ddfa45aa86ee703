import 'reflect-metadata';
import { printable } from 'nestjs-image-cache';
import { USAGE, managingArguments, readCommandLine } from './command-line.js';
import type { ForeignServer } from './configuration/foreign/translate-file.js';
import { readConfiguration, requireComplete } from './configuration/configuration.js';
import { configurationReport, keysTable } from './configuration/report.js';
import { imageCacheOptions } from './configuration/image-cache-options.js';
import { requireDirectories } from './configuration/required-directories.js';
import { oneLine } from './one-line.js';
import { originalSource } from './source/original-source.js';

async function run(args: readonly string[]): Promise<void> {
  const { env: environment } = process;
  const managing = managingArguments(args);
  if (managing !== undefined) {
    const { runCommand } = await import('./cli/run-command.js');
    process.exitCode = await runCommand(managing);
    return;
  }
  const commandLine = readCommandLine(args, environment);
  if (commandLine.command === 'config from') {
    await printTranslation(commandLine.server, commandLine.file);
    return;
  }
  const { command, file } = commandLine;
  if (command === 'help') {
    print(USAGE);
    return;
  }
  if (command === 'config keys') {
    print(keysTable());
    return;
  }
  const configuration = readConfiguration({ file, environment });
  if (command === 'config check') print(configurationReport(configuration));
  requireComplete(configuration);
  requireDirectories(configuration.settings);
  if (command === 'config check') {
    await imageCacheOptions(configuration.settings);
    originalSource(configuration.settings);
    return;
  }
  const { serve } = await import('./serve.js');
  await serve(configuration.settings, print);
}

/** The file to the standard output, so that it can be kept; what is left out of it beside. */
async function printTranslation(server: ForeignServer, file: string): Promise<void> {
  const { translateFile } = await import('./configuration/foreign/translate-file.js');
  const { yaml, unknown } = translateFile(server, file);
  process.stdout.write(yaml);
  for (const name of unknown) process.stderr.write(`${printable(name)}: means nothing here.\n`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`image-server: ${oneLine(error)}\n`);
  // What has been opened on the way must not keep the process.
  process.exit(1);
}
