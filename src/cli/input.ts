/** Reads words from standard input, a part at a time, because it may be slow, long or endless. */

import { fstatSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { CommandError, UsageError } from './errors';
import { checkLength } from './numbers';

/** The most bytes that the command reads. This ends endless input that contains no numbers. */
export const MAX_BYTES = 2 ** 29;

/** Between numbers. The byte order mark of UTF-8 is white space to JavaScript. */
const SEPARATORS = /[\s,]+/;

export const wordsIn = (text: string): string[] => text.split(SEPARATORS).filter((word) => word !== '');

/**
 * Yields the words on standard input, in lists, as they arrive. Throws {@link UsageError} if the
 * input is not text or too large. While it reads, it cannot notice that the output was closed,
 * because Node has no `poll`.
 */
export async function* wordsOfInput(): AsyncGenerator<string[], void> {
  // Node treats a folder as an empty stream.
  if (isFolder(0)) throw new UsageError('standard input must be numbers; received a folder');
  const decoder = new StringDecoder('utf8');
  let bytes = 0;
  /** A word that may go on in the next chunk. */
  let rest = '';
  try {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) throw new UsageError(`standard input must have at most ${MAX_BYTES} bytes; it has more`);
      if (chunk.includes(0)) {
        throw new UsageError('standard input must be text in UTF-8; received a NUL byte, as in UTF-16 or binary data');
      }
      const words = (rest + decoder.write(chunk)).split(SEPARATORS);
      rest = words.pop() as string;
      checkLength(rest);
      yield words.filter((word) => word !== '');
    }
    yield wordsIn(rest + decoder.end());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new CommandError(`standard input cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function isFolder(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isDirectory();
  } catch {
    return false;
  }
}
