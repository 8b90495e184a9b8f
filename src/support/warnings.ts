/**
 * Warnings, by `process.emitWarning`, each once per copy of the package. Most are about things that
 * torch warns about too.
 */

const given = new Set<string>();

/** Emits a warning, once for each code. `process.on('warning')` and `--no-warnings` apply. */
export function warnOnce(code: string, message: string): void {
  if (given.has(code)) return;
  given.add(code);
  process.emitWarning(message, { type: 'RsqrtWarning', code });
}
