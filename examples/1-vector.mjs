// A 1-d tensor.
import { rsqrt, tensor } from 'rsqrt';

console.log(rsqrt(tensor([4, 16, 25])));
