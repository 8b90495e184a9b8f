// In place: the trailing underscore writes the result into the tensor itself.
import { tensor } from 'rsqrt';

const x = tensor([4, 16, 25]);
x.rsqrt_();
console.log(x);
