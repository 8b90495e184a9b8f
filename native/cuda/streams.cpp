#include "cuda/streams.h"

namespace rsqrt_native::cuda {

void wait_for(const Stream& waiting, const Stream& awaited) {
  check(cudaEventRecord(awaited.mark.get(), awaited.handle.get()), "cudaEventRecord");
  check(cudaStreamWaitEvent(waiting.handle.get(), awaited.mark.get(), 0), "cudaStreamWaitEvent");
}

void synchronize(const Stream& stream) {
  check(cudaStreamSynchronize(stream.handle.get()), "cudaStreamSynchronize");
}

}  // namespace rsqrt_native::cuda
