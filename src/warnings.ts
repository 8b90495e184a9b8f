/** Warnings, by `process.emitWarning`: what torch warns of, in our words, once for each copy of the package. */

const given = new Set<string>();

/** Warns once of what the code names. `process.on('warning')` and `--no-warnings` apply. */
export function warnOnce(code: string, message: string): void {
  if (given.has(code)) return;
  given.add(code);
  process.emitWarning(message, { type: 'RsqrtWarning', code });
}
