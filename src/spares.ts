/**
 * Buffers kept for reuse: found by size, freed by age, dropped if they were detached. Knows nothing
 * of tensors.
 */

/** A buffer that is kept. */
interface Spare {
  readonly buffer: ArrayBuffer;
  readonly bytes: number;
  readonly sizeClass: number;
  // Neighbours in the order of keeping: among all spares, and among those of the class.
  older: Spare | null;
  newer: Spare | null;
  olderInClass: Spare | null;
  newerInClass: Spare | null;
}

// Of a class the newest are tried, so that the time to find a spare does not grow with their number.
const MOST_TRIED = 8;

export class Spares {
  #limit: number;
  #bytes = 0;
  #oldest: Spare | null = null;
  #newest: Spare | null = null;
  /** By size class. */
  readonly #newestInClass: (Spare | null | undefined)[] = [];
  readonly #free: (buffer: ArrayBuffer) => void;

  /**
   * @param limit how many bytes are kept at most
   * @param free called with each buffer that is given up
   */
  constructor(limit: number, free: (buffer: ArrayBuffer) => void) {
    this.#limit = limit;
    this.#free = free;
  }

  /** The bytes of the buffers kept. */
  get bytes(): number {
    return this.#bytes;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Gives up the oldest if more than the new limit is kept. */
  set limit(limit: number) {
    this.#limit = limit;
    this.#shrink(limit);
  }

  /** A buffer of `bytes` to 1.25 · `bytes`, the newest there is of about that size; undefined if there is none. */
  take(bytes: number): ArrayBuffer | undefined {
    if (this.#bytes < bytes) return undefined;
    const sizeClass = sizeClassOf(bytes);
    let spare = this.#newestInClass[sizeClass];
    for (let tries = 1; spare && spare.bytes < bytes; tries++) spare = tries < MOST_TRIED ? spare.olderInClass : null;
    spare ??= this.#newestInClass[sizeClass + 1]; // two classes together span a quarter
    if (!spare) return undefined;
    this.#unlink(spare);
    return isWhole(spare) ? spare.buffer : this.take(bytes);
  }

  /** Keeps a buffer, and gives up the oldest until all are within the limit; a buffer above the limit at once. */
  keep(buffer: ArrayBuffer): void {
    const bytes = buffer.byteLength;
    if (bytes === 0) return;
    if (bytes > this.#limit) {
      this.#free(buffer);
      return;
    }
    this.#shrink(this.#limit - bytes);
    const sizeClass = sizeClassOf(bytes);
    const older = this.#newest;
    const olderInClass = this.#newestInClass[sizeClass] ?? null;
    const spare: Spare = { buffer, bytes, sizeClass, older, newer: null, olderInClass, newerInClass: null };
    if (older === null) this.#oldest = spare;
    else older.newer = spare;
    if (olderInClass !== null) olderInClass.newerInClass = spare;
    this.#newest = spare;
    this.#newestInClass[sizeClass] = spare;
    this.#bytes += bytes;
  }

  /** Gives up all. */
  clear(): void {
    this.#shrink(0);
  }

  #shrink(limit: number): void {
    while (this.#bytes > limit && this.#oldest !== null) {
      const oldest = this.#oldest;
      this.#unlink(oldest);
      if (isWhole(oldest)) this.#free(oldest.buffer);
    }
  }

  #unlink({ bytes, sizeClass, older, newer, olderInClass, newerInClass }: Spare): void {
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
    if (olderInClass !== null) olderInClass.newerInClass = newerInClass;
    if (newerInClass === null) this.#newestInClass[sizeClass] = olderInClass;
    else newerInClass.olderInClass = olderInClass;
    this.#bytes -= bytes;
  }
}

/** Whether a buffer still has its memory. */
const isWhole = ({ buffer, bytes }: Spare): boolean => buffer.byteLength === bytes;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/** Eight classes from one power of two to the next, in the order of sizes: exponent and three bits of a double. */
function sizeClassOf(bytes: number): number {
  double[0] = bytes;
  return (words[1] >>> 17) - (1023 << 3); // the upper word: all platforms we run on are little-endian
}
