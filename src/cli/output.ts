/** Standard output: what to do where it is full, or nobody reads it. */

import { fstatSync, writeFileSync } from 'node:fs';
import { CommandError, NobodyReads } from './errors';

/** What Linux, sockets and Windows say of an output that nobody reads. */
const CLOSED = ['EPIPE', 'ECONNRESET', 'EOF'];

// Failures go to whoever writes; an event that nobody handles would end the process with a stack.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

/** Writes all of a text to standard output. Throws {@link NobodyReads}, or a sentence. */
export async function print(text: string): Promise<void> {
  try {
    // To a file Node's stream writes what there is room for, and reports success.
    if (isFile()) writeFileSync(process.stdout.fd, text);
    else await written(process.stdout, text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (CLOSED.includes(String(code))) throw new NobodyReads();
    throw new CommandError(`standard output cannot be written: ${message}`, { cause: error });
  }
}

/** Writes to standard error, if that can be. */
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
