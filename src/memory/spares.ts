/**
 * Buffers kept for reuse. They are found by size, freed by age, and dropped if they were detached.
 * Knows nothing about tensors.
 */

/** A buffer kept for reuse. */
interface Spare {
  readonly buffer: ArrayBuffer;
  readonly bytes: number;
  readonly sizeClass: number;
  // Neighbours in the order in which the buffers were kept, among all spares and among those of the
  // class.
  older: Spare | null;
  newer: Spare | null;
  olderInClass: Spare | null;
  newerInClass: Spare | null;
}

// Only the newest of a class are tried, so that the search time does not grow with their number.
const MAX_TRIED = 8;

export class Spares {
  #limit: number;
  #bytes = 0;
  #oldest: Spare | null = null;
  #newest: Spare | null = null;
  /** By size class. */
  readonly #newestInClass: (Spare | null | undefined)[] = [];
  readonly #free: (buffer: ArrayBuffer) => void;

  /**
   * @param limit the most bytes that are kept
   * @param free called with each buffer that is no longer kept
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

  /** Frees the oldest buffers if more than the new limit is kept. */
  set limit(limit: number) {
    this.#limit = limit;
    this.#shrink(limit);
  }

  /**
   * Takes out the newest buffer of about this size, from `bytes` to 1.25 · `bytes`. Undefined if
   * there is none.
   */
  take(bytes: number): ArrayBuffer | undefined {
    if (this.#bytes < bytes) return undefined;
    const sizeClass = sizeClassOf(bytes);
    let spare = this.#newestInClass[sizeClass];
    for (let tries = 1; spare && spare.bytes < bytes; tries++) spare = tries < MAX_TRIED ? spare.olderInClass : null;
    spare ??= this.#newestInClass[sizeClass + 1]; // two classes together span a quarter
    if (!spare) return undefined;
    this.#unlink(spare);
    return isWhole(spare) ? spare.buffer : this.take(bytes);
  }

  /**
   * Keeps a buffer, and frees the oldest ones until all are within the limit. Frees a buffer that
   * is larger than the limit at once.
   */
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

  /** Frees all buffers. */
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

/**
 * The size class: the exponent and three more bits of `bytes` as a double. There are eight classes
 * from one power of two to the next, in the order of sizes.
 */
function sizeClassOf(bytes: number): number {
  double[0] = bytes;
  return (words[1] >>> 17) - (1023 << 3); // the upper word, because all supported platforms are little-endian
}
