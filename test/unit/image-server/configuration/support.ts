import { afterEach } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  readConfiguration,
  type Configuration,
} from '../../../../apps/image-server/src/configuration/configuration.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';

const directories: TestDirectory[] = [];

afterEach(async () => {
  for (const directory of directories.splice(0)) await directory.remove();
});

/** Writes a configuration file. */
export async function configurationFile(yaml: string): Promise<string> {
  const directory = await makeDirectory();
  directories.push(directory);
  const file = join(directory.path, 'server.yaml');
  await writeFile(file, yaml);
  return file;
}

/** Reads a configuration from a file that is written first. */
export async function fromFile(yaml: string, environment: Record<string, string> = {}): Promise<Configuration> {
  return readConfiguration({ file: await configurationFile(yaml), environment });
}

/** The message of an error, without the directory of the file. */
export async function messageOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    return (error as Error).message.replaceAll(/\/\S*server\.yaml/g, 'server.yaml');
  }
  return 'no error';
}
