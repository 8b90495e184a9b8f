/** Marks in the work of a GPU. */

import type { DeviceEvent } from '../../binding';
import { binding } from '../load/binding';
import { type DeviceName, deviceName, type GpuName, gpuIndex } from '../memory/device';
import { checkKeys } from '../support/checks';
import { RsqrtError, show, typeError } from '../support/errors';
import { checkIsOptions } from '../tensor/tensor';
import { refuseCapture } from './graphs';

/** The options of a new {@link CudaEvent}. */
export interface CudaEventOptions {
  /** The GPU whose work it marks. Default: the current GPU. */
  device?: GpuName;
}

/**
 * A mark in the work of a GPU, to see whether the GPU has reached it or to measure time. It ends
 * with {@link CudaEvent.dispose}, `using`, or garbage collection. After that, its methods throw
 * `ERR_DISPOSED`.
 *
 * @example
 * ```ts
 * using start = new cuda.Event();
 * using end = new cuda.Event();
 * const x = ones(1000, { device: 'cuda' });
 * start.record();
 * const y = x.rsqrt();
 * end.record();
 *
 * // In milliseconds. Waits for both marks.
 * start.elapsedTime(end) >= 0; // true
 * end.query(); // true
 * ```
 */
export class CudaEvent {
  readonly #device: number;
  #event: DeviceEvent | null;
  #isRecorded = false;

  /** Throws `TypeError`, `ERR_CUDA_UNAVAILABLE`, or `RangeError` for a GPU that does not exist. */
  constructor(options: CudaEventOptions = {}) {
    const where = 'cuda.Event';
    checkIsOptions(options, 'device', where);
    checkKeys(options, ['device'], where);
    const { device = 'cuda' }: CudaEventOptions = options;
    this.#device = gpuIndex(device, where, 'device');
    this.#event = binding.createEvent(this.#device);
  }

  /** The GPU whose work it marks. */
  get device(): DeviceName {
    return deviceName(this.#device);
  }

  /**
   * Sets the mark after all work queued on the GPU so far; within {@link cuda.stream}, on that
   * stream. Calling it again moves the mark. Returns this event. Throws `ERR_CUDA` while a graph is
   * being captured.
   */
  record(): this {
    const event = this.#live('record');
    refuseCapture(this.#device, 'CudaEvent.record');
    binding.recordEvent(event);
    this.#isRecorded = true;
    return this;
  }

  /** Whether the work before the mark is done. True if no mark was set. Does not wait. */
  query(): boolean {
    return binding.queryEvent(this.#live('query'));
  }

  /** Waits for the work before the mark. Returns at once if no mark was set. */
  synchronize(): void {
    binding.synchronizeEvent(this.#live('synchronize'));
  }

  /**
   * The milliseconds that the GPU took from this mark to that of another event. Waits for both.
   * Throws `TypeError` if `end` is not an event, `ERR_DEVICE` if it is on another GPU, and
   * `ERR_CUDA` if one of the two was not recorded.
   */
  elapsedTime(end: CudaEvent): number {
    const where = 'CudaEvent.elapsedTime';
    const first = this.#live('elapsedTime');
    if (typeof end !== 'object' || end === null || !(#event in end)) {
      throw typeError(`${where}: end must be a CudaEvent; received ${show(end)}`);
    }
    const last = end.#live('elapsedTime: end');
    if (end.#device !== this.#device) {
      throw new RsqrtError('ERR_DEVICE', `${where}: end must be of ${this.device}; it is of ${end.device}`);
    }
    if (!this.#isRecorded) throw new RsqrtError('ERR_CUDA', `${where}: this event was not recorded`);
    if (!end.#isRecorded) throw new RsqrtError('ERR_CUDA', `${where}: end was not recorded`);
    return binding.elapsedTime(first, last);
  }

  /** Ends this event. Calling it again does nothing. */
  dispose(): void {
    if (this.#event !== null) binding.releaseEvent(this.#event);
    this.#event = null;
  }

  /** What `using` calls: {@link CudaEvent.dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #live(method: string): DeviceEvent {
    if (this.#event !== null) return this.#event;
    throw new RsqrtError('ERR_DISPOSED', `CudaEvent.${method}: the event was disposed`);
  }
}
