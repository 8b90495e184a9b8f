// A 2-d tensor: every element, whatever the shape.
import { rsqrt, tensor } from 'rsqrt';

const x = tensor([
  [4, 9],
  [16, 25],
]);
console.log(rsqrt(x));
