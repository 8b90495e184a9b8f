// Inside a lambda, and mapped over a batch.
import { rsqrt, tensor } from 'rsqrt';

const input = tensor([4, 16, 25]);
console.log(((x) => rsqrt(x))(input));

const batch = [tensor([1, 4]), tensor([9, 16]), tensor([25, 100])];
for (const y of batch.map((x) => rsqrt(x))) console.log(y);
