import { access, mkdtemp, open, rm, rmdir, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';

/** A file that no crash leaves behind where the system shows descriptors as files. */
export class TemporaryFile {
  private constructor(
    readonly handle: FileHandle,
    readonly path: string,
    /** Where it was made; it is there no more when {@link path} is another. */
    readonly name: string,
  ) {}

  static async make(): Promise<TemporaryFile> {
    const name = join(await mkdtemp(join(tmpdir(), 'iiif-original-')), 'original');
    const handle = await open(name, 'wx+').catch(async (error: unknown) => {
      await removeNamed(name);
      throw error;
    });
    try {
      const path = await descriptorOf(handle, name);
      // What has no name any more goes with its last descriptor.
      if (path !== name) await removeNamed(name);
      return new TemporaryFile(handle, path, name);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async write(body: Readable): Promise<void> {
    for await (const chunk of body) await this.handle.appendFile(chunk as Buffer);
  }

  async remove(): Promise<void> {
    await this.handle.close();
    if (this.path === this.name) await removeNamed(this.name);
  }
}

/** Takes no descriptor, of which there may be none left. */
async function removeNamed(file: string): Promise<void> {
  await rm(file, { force: true });
  await rmdir(dirname(file));
}

async function descriptorOf({ fd }: FileHandle, path: string): Promise<string> {
  const descriptor = `/proc/self/fd/${fd}`;
  try {
    await access(descriptor);
    return descriptor;
  } catch {
    return path;
  }
}
