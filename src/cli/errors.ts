/** What can end the command early. */

/** Something failed: one sentence, and the exit code. */
export class CommandError extends Error {
  readonly exitCode: number = 1;
}

/** A mistake in the arguments or in the numbers. */
export class UsageError extends CommandError {
  override readonly exitCode = 2;
}

/** Whoever read standard output has closed it, as `head` does. There is nobody left to tell. */
export class NobodyReads extends CommandError {
  /** What a shell reports for a command that SIGPIPE ended. Node ignores that signal. */
  override readonly exitCode = 141;
}
