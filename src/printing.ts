/** The methods of Tensor that print it. */

import { inspect } from 'node:util';
import { type DType, kindOf } from './dtype';
import { formatTensor } from './format';
import { reading } from './reading';
import { extend, isLost, type Tensor } from './tensor';

declare module './tensor' {
  interface Tensor<D extends DType = DType> extends Printing<D> {}
}

/** Printing, as torch does. Waits for a GPU. */
export abstract class Printing<D extends DType> {
  /** As torch prints it. */
  toString(this: Tensor<D>): string {
    const { dtype, device, shape } = this;
    return reading(this, 'toString', (get, strides, offset) =>
      formatTensor({ get, strides, offset, dtype, kind: kindOf(dtype), device, shape }),
    );
  }

  /** What `console.log` shows: as {@link toString}, and of a disposed tensor that it is. */
  [inspect.custom](this: Tensor<D>): string {
    return isLost(this) ? `tensor(<disposed>, shape=[${this.shape}])` : this.toString();
  }
}

extend(Printing);
