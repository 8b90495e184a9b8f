/** Errors that end the command early. */

/** A failure, described by one sentence and an exit code. */
export class CommandError extends Error {
  readonly exitCode: number = 1;
}

/** A mistake in the arguments or in the numbers. */
export class UsageError extends CommandError {
  override readonly exitCode = 2;
}

/**
 * The reader of standard output has closed it, as `head` does. There is no one to report this to.
 */
export class NobodyReads extends CommandError {
  /**
   * The exit code that a shell reports for a command ended by SIGPIPE. Node ignores that signal.
   */
  override readonly exitCode = 141;
}
