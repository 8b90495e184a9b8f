/**
 * The native addon: the only contract between src/ and native/. It does not grow with operations or dtypes: both
 * are tables that the addon publishes, addressed by position.
 *
 * Arguments are checked for what would corrupt memory and for nothing else: semantics are settled in src/. Failures
 * are thrown as whatever `createError` makes of a code and a sentence. When the addon itself finds too little memory, that is
 * `ERR_OUT_OF_MEMORY` from whatever was called, and nothing has changed; so it is from `process.dlopen`.
 */
export interface Addon {
  /**
   * Opens a binding. It is released with the garbage collector, when neither it nor any of its functions can be reached and no
   * `whenSettled` is pending. A binding that leads to `createError` and back does not keep itself alive.
   *
   * @param isa the instruction set to use on the CPU, '' for the widest that this CPU has
   * @param createError turns a failure into the error to throw; codes: `ERR_ISA`, `ERR_INVALID_ARG_TYPE`,
   *   `ERR_OUT_OF_RANGE`, `ERR_DTYPE`, `ERR_DEVICE`, `ERR_DISPOSED`, `ERR_OUT_OF_MEMORY`, `ERR_CUDA`,
   *   `ERR_CUDA_UNAVAILABLE`
   */
  open(isa: string, createError: (code: string, message: string) => Error): Binding;
}

export interface Binding {
  /** Names of the dtypes; the position is the dtype's code. */
  readonly dtypes: readonly string[];
  /** The operations; the position is the operation's code. */
  readonly ops: readonly OpInfo[];
  /** Names of the distributions of `random`; the position is the distribution's code. */
  readonly distributions: readonly string[];
  readonly limits: Limits;
  /** The instruction set in use, and all that this CPU could use, the widest first. */
  readonly isa: string;
  readonly isas: readonly string[];
  readonly cuda: CudaInfo;

  /**
   * Makes a program: a straight list of steps, which `run` takes in one pass over the elements. Step
   * i defines value i, except that a store defines none. Returns a number, to be passed to `run`.
   *
   * A program that cannot run throws `ERR_OUT_OF_RANGE` or `ERR_DTYPE`, with a sentence that names
   * the step (native/ops/program.h lists what is wrong).
   *
   * @param steps six bytes a step: kind (0 load, 1 scalar, 2 apply, 3 store); the number of the
   *   operand, of the scalar or of the op; the code of a dtype; the numbers of up to three values
   *   that are used. The dtype is that of the operand or the scalar, and of an op that of its inputs,
   *   in which it computes. `copy` converts to its dtype. Stores come last
   * @param operands by operand, the code of its dtype
   * @param scalars by scalar, the code of its dtype
   */
  program(steps: Uint8Array, operands: Uint8Array, scalars: Uint8Array): number;
  /** Frees a program. Its number may be given out again. */
  releaseProgram(program: number): void;

  /**
   * Runs a program on memory. On a device it is queued and the call returns.
   *
   * An output may be the same memory as an input, with the same layout. Otherwise the result is
   * unspecified if an output overlaps an input, another output or itself. An output must not be
   * repeated by strides of 0, nor have more elements than its memory holds.
   *
   * The arguments of all operands follow one another, because reading lists would take longer than
   * computing a small tensor. All memories are on the same device, or none is on any.
   *
   * @param layout the number of elements if all operands are contiguous. Otherwise numbers of which
   *   the first is that of the dimensions, 1 to `limits.maxDims`. For each dimension, the outermost first, its size
   *   and the strides of every operand follow, in elements and not negative. The array may be longer,
   *   so that it can be reused
   * @param operands for each operand its memory and the offset of its first element, in bytes; on a
   *   device a multiple of the element size. After the last one, if the program has scalars: host
   *   memory with 16 bytes for each, of which the first hold it as an element of its dtype. It may be
   *   longer too
   */
  run(program: number, layout: number | Float64Array, ...operands: (Memory | number)[]): void;

  /**
   * Fills contiguous memory with random numbers: those of `key` from block number `counter` on, modulo 2^64. A block gives two
   * real elements or one complex one. On a device it is queued and the call returns.
   *
   * @param distribution code of the distribution
   * @param key from 0 to 2^64 - 1, as is `counter`
   * @param outputDtype a float or complex dtype
   * @param outputOffset in bytes; on a device a multiple of the element size
   * @param count the number of elements
   */
  random(
    distribution: number,
    key: bigint,
    counter: bigint,
    output: Memory,
    outputDtype: number,
    outputOffset: number,
    count: number,
  ): void;

  /**
   * How many threads at most share a call on the CPU, the calling one included: 1 (as opened) to
   * `limits.maxThreads`.
   */
  setNumThreads(threads: number): void;

  /** What is known of a device. */
  deviceProperties(device: number): DeviceProperties;
  /**
   * New uninitialised memory on a device. It is released with the object, or by `release`. Where too little is free, what the
   * collector took is released first, and what is kept for later given back.
   */
  allocate(device: number, byteLength: number): DeviceMemory;
  /** Gives device memory back, after the work already queued on it; harmless if called again. */
  release(memory: DeviceMemory): void;
  /** What this environment holds of a device's memory. */
  deviceMemoryStats(device: number): DeviceMemoryStats;
  /** Counts the most that was allocated from now on. */
  resetPeakMemoryStats(device: number): void;
  /** Sets how many bytes this environment may have allocated on a device at a time; Infinity for no limit. */
  setMemoryLimit(device: number, byteLength: number): void;
  /** Gives what is kept for later back: device memory, once the work that uses it is done, and page-locked memory. */
  emptyDeviceCache(): void;

  /**
   * Page-locked host memory, which devices reach by themselves: a buffer that is freed with the collector or by
   * `releasePinned`, after the copies under way. Needs a device. It cannot be transferred.
   */
  allocatePinned(byteLength: number): ArrayBuffer;
  /** Frees page-locked memory, after the copies under way; the buffer is detached then. Harmless if called again. */
  releasePinned(buffer: ArrayBuffer): void;
  /** Waits for the copies from and to page-locked memory that `copy` did not wait for. Any other memory has none. */
  settle(memory: Memory): void;
  /**
   * Calls back from the event loop once these copies are done, with the error if one failed. Until then the event loop goes on.
   * If this throws, `done` is not called.
   */
  whenSettled(memory: Memory, done: (error?: Error) => void): void;

  /**
   * The address of host memory, to find out whether two objects have memory in common, as a
   * SharedArrayBuffer and its clone do. Only the low 53 bits, so that differences are exact. Throws
   * for device memory.
   */
  addressOf(memory: Memory): number;
  /**
   * Asks for huge pages in a buffer that has not been touched yet; without effect where there are none. Returns the offset
   * at which the first can begin.
   */
  adviseHugePages(buffer: ArrayBuffer): number;
  /** Watches an object without keeping it alive; returns a number for it. */
  watch(object: object): number;
  /** Whether the object was collected. Unlike a WeakRef it can tell within the same turn of the event loop. */
  isCollected(watch: number): boolean;
  /** Ends a watch; its number may be given out again. */
  unwatch(watch: number): void;
  /** Frees the memory of a buffer now instead of with the collector; the buffer is detached then. */
  freeBuffer(buffer: ArrayBuffer): void;
  /** Returns to the system what the allocator of the C library keeps for the process, where it can be told to. */
  returnFreedMemory(): void;
  /**
   * Copies bytes between any two memories, or places apart in one. Offsets in bytes. What is queued after it, on any device,
   * finds the copy done.
   *
   * Host memory may be used when this returns, unless it is page-locked and `nonBlocking` is true: then after `settle`.
   */
  copy(
    source: Memory,
    sourceOffset: number,
    destination: Memory,
    destinationOffset: number,
    byteLength: number,
    nonBlocking: boolean,
  ): void;
  /** Waits for all work queued on a device. */
  synchronize(device: number): void;

  /**
   * From now on queues work of a device on another of its streams. Returns what `leaveStream` needs to go back, which then
   * cannot fail. Work on the same memory is done in the order of the calls, whatever their streams.
   */
  enterStream(device: number): number;
  leaveStream(device: number, previous: number): void;

  /** A mark in the work of a device, which tells times. Released with the object, or by `releaseEvent`. */
  createEvent(device: number): DeviceEvent;
  /** Sets the mark behind all that has been queued on the current stream of its device. */
  recordEvent(event: DeviceEvent): void;
  /** Whether the work before the mark is done. Of an event that was not recorded: true. */
  queryEvent(event: DeviceEvent): boolean;
  /** Waits for the work before the mark. */
  synchronizeEvent(event: DeviceEvent): void;
  /** Milliseconds from one mark to another of the same device, both recorded; waits for them. */
  elapsedTime(start: DeviceEvent, end: DeviceEvent): number;
  releaseEvent(event: DeviceEvent): void;

  /**
   * From now on work of a device is noted, not done, until `endCapture` or `abandonCapture`. Calls that wait for the device, or
   * copy from or to the host or another device, throw `ERR_CUDA` and leave the capture as it was.
   */
  beginCapture(device: number): void;
  /** Ends a capture. The graph keeps the memory that its work uses; it is released with the object, or by `releaseGraph`. */
  endCapture(device: number): DeviceGraph;
  /** Ends a capture, of which nothing is kept; harmless if there is none. */
  abandonCapture(device: number): void;
  /** Queues the work of a graph. */
  launchGraph(graph: DeviceGraph): void;
  releaseGraph(graph: DeviceGraph): void;
}

/**
 * A `Uint8Array` is how a `SharedArrayBuffer` is passed. Passed by itself it is refused, or taken as an `ArrayBuffer` where
 * Node-API does so: from Node 22.21 and 24.9 on.
 */
export type Memory = ArrayBuffer | Uint8Array | DeviceMemory;

/** Memory on a device, opaque. */
export interface DeviceMemory {
  readonly __deviceMemory: never;
}

/** A mark in the work of a device, opaque. */
export interface DeviceEvent {
  readonly __deviceEvent: never;
}

/** Work to be repeated, opaque. */
export interface DeviceGraph {
  readonly __deviceGraph: never;
}

/** In bytes. */
export interface DeviceMemoryStats {
  /** Of tensors, and what graphs keep, in this environment. */
  readonly allocated: number;
  /** The most that `allocated` was. */
  readonly maxAllocated: number;
  /** What this environment has of the device, used and kept for later. */
  readonly reserved: number;
  /** How much may be allocated; Infinity: no limit. */
  readonly limit: number;
  /** Of the device, for all processes. */
  readonly free: number;
  readonly total: number;
}

/** Numbers that both sides use, stated in native/. */
export interface Limits {
  /** The largest number of dimensions of a layout. */
  readonly maxDims: number;
  /** How long programs are at most, and how many values are alive at a time. */
  readonly maxSteps: number;
  readonly maxOperands: number;
  readonly maxScalars: number;
  readonly maxSlots: number;
  /** The largest argument of `setNumThreads`. */
  readonly maxThreads: number;
  /** The size of a huge page, as `adviseHugePages` asks for. */
  readonly hugePageBytes: number;
  /**
   * From this size on, the C library maps new pages for every buffer, and none of them has been
   * faulted in yet.
   */
  readonly mappedBytes: number;
}

export interface OpInfo {
  readonly name: string;
  /** How many inputs it has: 1 to 3. */
  readonly arity: number;
  /**
   * By dtype code: the dtype in which it computes, −1 if it refuses the dtype. A step of a program
   * applies it to values of that dtype, or to 16-bit floats as they are.
   */
  readonly computes: readonly number[];
  /** By dtype code: the dtype of its result, −1 if it refuses the dtype. */
  readonly results: readonly number[];
}

export interface CudaInfo {
  /** What the addon was built with. */
  readonly build: 'none' | 'cuda' | 'simulated';
  /** 13000 means 13.0; 0: not built. */
  readonly runtimeVersion: number;
  /** The newest CUDA version that the driver supports; 0: no driver. */
  readonly driverVersion: number;
  readonly deviceCount: number;
  /** Why there is no device: one clause, '' if there is one. */
  readonly unavailableReason: string;
}

export interface DeviceProperties {
  /** As the driver calls it. */
  readonly name: string;
  /** Compute capability: the 9 of 9.0. */
  readonly major: number;
  /** Compute capability: the 0 of 9.0. */
  readonly minor: number;
  /** In bytes. */
  readonly totalMemory: number;
}
