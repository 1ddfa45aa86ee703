import { types } from 'node:util';

/** What went wrong, in one line for an operator. */
export function oneLine(error: unknown): string {
  // Errors of Node itself are of another realm where modules are loaded into a context of their own.
  const message = types.isNativeError(error) ? explained(error) : String(error);
  return message.replaceAll(/\s+/g, ' ').trim();
}

function explained(error: Error): string {
  const { code, address, port } = error as NodeJS.ErrnoException & {
    readonly address?: string;
    readonly port?: number;
  };
  if (code === 'EADDRINUSE') return `${address}:${port} is in use by another process; set PORT to a free one.`;
  if (code === 'EACCES' && port !== undefined) return `Port ${port} may not be used by this user; set PORT.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `HOST is no address of this machine: ${error.message}`;
  return error.message;
}
