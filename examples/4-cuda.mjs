// On an NVIDIA GPU, if there is one.
import { cuda, rsqrt, tensor } from 'rsqrt';

if (cuda.isAvailable()) {
  const x = tensor([4, 16, 25], { device: 'cuda' });
  console.log(rsqrt(x));
} else {
  console.log(`CUDA is not available: ${cuda.unavailableReason()}`);
}
