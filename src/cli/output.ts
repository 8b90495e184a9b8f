/** Writes to standard output, which may be full or closed. */

import { fstatSync, writeFileSync } from 'node:fs';
import { CommandError, NobodyReads } from './errors';

/** The error codes of Linux, sockets and Windows for an output that was closed by its reader. */
const CLOSED = ['EPIPE', 'ECONNRESET', 'EOF'];

// Each write reports its own failure. An unhandled error event would end the process with a stack
// trace.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

/** Writes all of a text to standard output. Throws {@link NobodyReads} or {@link CommandError}. */
export async function print(text: string): Promise<void> {
  try {
    // If the disk is full, Node's stream writes a part to a file and reports success.
    if (isFile()) writeFileSync(process.stdout.fd, text);
    else await written(process.stdout, text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (CLOSED.includes(String(code))) throw new NobodyReads();
    throw new CommandError(`standard output cannot be written: ${message}`, { cause: error });
  }
}

/** Writes to standard error, and ignores failures. */
export const complain = (text: string): Promise<void> => written(process.stderr, text).catch(() => {});

const written = (stream: NodeJS.WriteStream, text: string): Promise<void> =>
  new Promise((resolve, reject) => stream.write(text, (error) => (error ? reject(error) : resolve())));

/** Whether standard output is a file. */
function isFile(): boolean {
  try {
    return fstatSync(process.stdout.fd).isFile();
  } catch {
    return false;
  }
}
