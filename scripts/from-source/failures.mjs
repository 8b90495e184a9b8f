// The known failures of a build, as sentences that say what to do about them.

/** A failure: what is wrong and what to do about it, in a sentence or two. */
export class BuildError extends Error {
  code = 'ERR_BUILD';
}

/** Known error output of commands, with a clearer description. */
const KNOWN_FAILURES = [
  [
    /No space left on device|Disk quota exceeded/,
    () => 'the disk is full: free some space, or build elsewhere with --out=DIR.',
  ],
  [
    /unsupported\s+(GNU|clang|Microsoft Visual Studio)\s+version/i,
    () =>
      'nvcc does not support this C++ compiler: name one that it does with CUDAHOSTCXX, as in CUDAHOSTCXX=g++-12, or build ' +
      'without CUDA with --cuda=off.',
  ],
  [
    /Killed signal terminated program|died due to signal 9|out of memory allocating|Cannot allocate memory/,
    () => 'the compiler ran out of memory: compile one file at a time with --jobs=1.',
  ],
  // From our CMake files, which already print sentences.
  [
    /^CMake Error at (?:CMakeLists\.txt|cmake\/\S+):\d+ \(message\):\n((?: {2}.*\n|\n)*)/m,
    ([, text]) =>
      text
        .trim()
        .replace(/\s+/g, ' ')
        .replace(/CUDA=(ON|OFF)/g, (option) => `--${option.toLowerCase()}`),
  ],
];

/** A sentence for the output of a failed command. Null if the failure is not known. */
export function explainOutput(lines) {
  const output = `${lines.join('\n')}\n`;
  for (const [pattern, sentence] of KNOWN_FAILURES) {
    const match = pattern.exec(output);
    if (match) return sentence(match);
  }
  return null;
}

/** The error to throw when a file could not be written in this folder. */
export function explainFileError(error, folder) {
  if (['ENOSPC', 'EDQUOT'].includes(error.code)) {
    return new BuildError(`the disk is full (${folder}): free some space, or build elsewhere with --out=DIR.`);
  }
  if (process.platform === 'win32' && error.syscall === 'rename') {
    return new BuildError(`the addon in ${folder} cannot be replaced while it is loaded: end what uses it.`);
  }
  if (['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EEXIST'].includes(error.code)) {
    return new BuildError(
      `${folder} cannot be written (${error.code}): build into another folder with --out=DIR, and have the addon loaded ` +
        'from there with RSQRT_BINARY=DIR/rsqrt.node.',
    );
  }
  return error;
}
