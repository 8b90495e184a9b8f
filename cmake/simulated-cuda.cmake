# The CUDA code against the simulated CUDA runtime, for tests without a GPU. Not in the package.

set(simulated_cuda_sources
  cuda_copies.cpp
  cuda_events.cpp
  cuda_graphs.cpp
  cuda_memory.cpp
  cuda_pools.cpp
  cuda_runtime.cpp
  cuda_streams.cpp
  runtime/allocation.cpp
  runtime/capture.cpp
  runtime/failures.cpp
  runtime/grid.cpp
  runtime/memory.cpp
  runtime/report.cpp
  runtime/state.cpp
  runtime/stream.cpp)
list(TRANSFORM simulated_cuda_sources PREPEND native/test/simulated_cuda/)
add_library(rsqrt_cuda OBJECT ${RSQRT_CUDA_SOURCES} ${simulated_cuda_sources})
set_source_files_properties(native/cuda/kernels.cu PROPERTIES LANGUAGE CXX COMPILE_OPTIONS "-xc++;-Wno-unknown-pragmas")
target_include_directories(rsqrt_cuda PRIVATE native/test/simulated_cuda)
target_compile_options(rsqrt_cuda PRIVATE ${RSQRT_CXX_OPTIONS})
target_compile_definitions(rsqrt_cuda PRIVATE RSQRT_CUDA_BUILD="simulated")
set(cuda_summary "CUDA simulated, for tests")
