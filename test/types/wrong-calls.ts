/** What must not compile. The same calls are refused at run time, too: test/wrong-calls.test.ts. */

import { arange, asTensor, cat, cuda, full, neg_, rsqrt, setNumThreads, stack, Tensor, tensor, zeros } from 'rsqrt';

const x = tensor([4, 16, 25], { dtype: 'float32' });

// ---------------------------------------------------------------- making

// @ts-expect-error no such dtype
tensor([1], { dtype: 'float23' });
// @ts-expect-error no such option
tensor([1], { dtpye: 'int8' });
// @ts-expect-error no such device
tensor([1], { device: 'gpu' });
// @ts-expect-error a device has a number, not a name
tensor([1], { device: 'cuda:first' });
// @ts-expect-error a string is no value
tensor(['1']);
// @ts-expect-error half a complex number
tensor([{ re: 1 }]);
// @ts-expect-error the dtype is an option
tensor([1], 'float64');
// @ts-expect-error the shape is that of the values
tensor([1, 2], { shape: [2, 1] });
// @ts-expect-error no source
asTensor();
// @ts-expect-error a shape is a list
asTensor(new Float32Array(4), { shape: 4 });
// @ts-expect-error the shape twice
asTensor(new Float32Array(4), [4], { shape: [4] });
// @ts-expect-error one tensor, not the outputs of a session
asTensor({ logits: { data: new Float32Array(4), dims: [4], type: 'float32' } });
// @ts-expect-error no such dtype
zeros(2, 3, { dtype: 'double' });
// @ts-expect-error options come last
zeros({ dtype: 'int8' }, 2);
// @ts-expect-error no value
full([2]);
// @ts-expect-error a string is no number
arange('3');
// @ts-expect-error the constructor is private
new Tensor();

// ---------------------------------------------------------------- operations

// @ts-expect-error a number is no tensor
rsqrt(4);
// @ts-expect-error an array is no tensor
rsqrt([4, 16]);
// @ts-expect-error no tensor
rsqrt();
// @ts-expect-error out is a tensor
rsqrt(x, { out: new Float32Array(3) });
// @ts-expect-error out is an option
rsqrt(x, x);
// @ts-expect-error no such option
rsqrt(x, { output: x });
// @ts-expect-error a function in place takes no out
neg_(x, { out: x });
// @ts-expect-error a method takes no arguments
x.rsqrt(x);

// ---------------------------------------------------------------- joining

// @ts-expect-error a list
stack(x);
// @ts-expect-error tensors, not values
stack([1, 2]);
// @ts-expect-error the dimension is called dim
cat([x, x], { axis: 0 });
// @ts-expect-error a list of tensors, not tensors
cat(x, x);
// @ts-expect-error out is a tensor
cat([x, x], { out: new Float32Array(6) });

// ---------------------------------------------------------------- tensors

// @ts-expect-error read-only
x.shape = [3];
// @ts-expect-error read-only
x.shape[0] = 1;
// @ts-expect-error read-only
x.dtype = 'int8';
// @ts-expect-error read-only
x.data = new Float32Array(3);
// @ts-expect-error another dtype
export const other: Tensor<'float64'> = x;
// @ts-expect-error no such dtype or device
x.to('float23');
// @ts-expect-error no such option
x.to({ type: 'int8' });
// @ts-expect-error both at once go into one object
x.to('cuda', 'int8');
// @ts-expect-error the CPU is no GPU
x.cuda('cpu');
// @ts-expect-error dimensions are numbers
x.transpose('0', '1');
// @ts-expect-error strides are missing
x.asStrided([2]);
// @ts-expect-error no such method
x.rsqrtt();
// @ts-expect-error the option is called ndim
x.toArray({ dim: 1 });
// @ts-expect-error a number of dimensions is an option
x.toArray(1);
// @ts-expect-error no such dtype
x.toObject('float');
// @ts-expect-error no list of lists
x.toArray({ ndim: 1 }).map((row) => row[0]);

// ---------------------------------------------------------------- settings

// @ts-expect-error no number of threads
setNumThreads();
// @ts-expect-error the CPU is no GPU
cuda.getDeviceName('cpu');
// @ts-expect-error which GPU must be said
cuda.setDevice();
// @ts-expect-error no event
new cuda.Event().elapsedTime(4);
// @ts-expect-error no signal
x.toArrayAsync({ signal: 4 });
// @ts-expect-error true or false
x.copy_(x, { nonBlocking: 1 });
// @ts-expect-error read-only
cuda.isAvailable = () => true;
