import { statfs } from 'node:fs/promises';

/** Magic numbers of `statfs(2)` for file systems on disks or in memory of this machine. */
const LOCAL = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0x01021994, // tmpfs
  0x794c7630, // overlayfs
  0x2fc12fc1, // zfs
  0xf2f52010, // f2fs
]);

/** Whether files in this directory can be read without waiting for a network. */
export async function isLocalFilesystem(directory: string): Promise<boolean> {
  const { type } = await statfs(directory);
  return LOCAL.has(type);
}
