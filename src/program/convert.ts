/** Changes the dtype and the device of tensors. */

import { checkDType, type DType, kindOf } from '../dtype/dtype';
import { copyStrides } from '../layout/layout';
import { type DeviceName, deviceIndex } from '../memory/device';
import { warnOnce } from '../support/warnings';
import { storageOf, type Tensor } from '../tensor/tensor';
import { copyOf } from './copy';
import { transferred } from './transfer';

/** The options of {@link Tensor.to}. */
export interface ToOptions<D extends DType = DType> {
  /** Default: that of the tensor. */
  dtype?: D;
  /** Default: that of the tensor. */
  device?: DeviceName;
  /** Whether to copy even if nothing changes. */
  copy?: boolean;
  /**
   * Whether to return without waiting for a copy between a GPU and page-locked memory of the CPU
   * ({@link Tensor.pinMemory}). When copying from a GPU to the CPU, the result is page-locked and
   * is filled later. Every use of the result or the source through a tensor waits by itself, so
   * results do not change. Only arrays that `data` returned earlier cannot wait. Has no effect on
   * other copies, nor in runtimes that do not allow page-locked memory, such as Electron. Default
   * false.
   */
  nonBlocking?: boolean;
}

/** See {@link Tensor.to}. */
export function converted(source: Tensor, options: ToOptions, where: string): Tensor {
  const from = storageOf(source, where).device;
  const device = options.device === undefined ? from : deviceIndex(options.device, where);
  const dtype = options.dtype === undefined ? source.dtype : checkDType(options.dtype, where);
  if (device === from && dtype === source.dtype && !options.copy) return source;
  warnOfLoss(source.dtype, dtype);
  if (device === from) return copyOf(source, copyStrides(source.shape, source.strides), dtype);
  return transferred(source, dtype, device, options.nonBlocking === true);
}

/** Warns once if a conversion discards imaginary parts. */
export function warnOfLoss(from: DType, to: DType): void {
  if (kindOf(from) !== 'complex' || kindOf(to) === 'complex' || to === 'bool') return;
  warnOnce('RSQRT_COMPLEX_TO_REAL', `conversion from ${from} to ${to} discards the imaginary parts`);
}
