# Adds the CUDA backend to the addon according to CUDA, and sets cuda_summary.

# Compiled against the CUDA runtime or the simulated one.
set(RSQRT_CUDA_SOURCES
  native/cuda/allocator.cpp
  native/cuda/device.cpp
  native/cuda/kernels.cu
  native/cuda/pieces.cpp
  native/cuda/pinned.cpp
  native/cuda/runtime.cpp
  native/cuda/staging.cpp
  native/cuda/status.cpp
  native/cuda/streams.cpp
  native/cuda/waiter.cpp)

set(nvcc NOTFOUND)
if(CUDA STREQUAL "AUTO" OR CUDA STREQUAL "ON")
  # check_language(CUDA) only looks on PATH.
  file(GLOB versioned_toolkits /usr/local/cuda-*/bin /opt/cuda-*/bin)
  list(SORT versioned_toolkits COMPARE NATURAL ORDER DESCENDING)
  find_program(NVCC nvcc
    HINTS ENV CUDACXX ENV CUDA_PATH ENV CUDA_HOME ENV CUDA_ROOT
    PATH_SUFFIXES bin
    PATHS /usr/local/cuda/bin /opt/cuda/bin ${versioned_toolkits} /usr/lib/nvidia-cuda-toolkit/bin
    DOC "the CUDA compiler")
  set(nvcc ${NVCC})
  if(CUDA STREQUAL "ON" AND NOT nvcc)
    message(FATAL_ERROR "CUDA=ON, but nvcc was not found: install the CUDA toolkit (12.0 or newer), set CUDA_HOME to "
                        "it, or build with CUDA=OFF.")
  endif()
elseif(NOT CUDA MATCHES "^(OFF|SIMULATED)$")
  message(FATAL_ERROR "CUDA must be AUTO, ON, OFF or SIMULATED, received '${CUDA}'.")
endif()

if(CUDA STREQUAL "SIMULATED")
  include(cmake/simulated-cuda.cmake OPTIONAL RESULT_VARIABLE simulated_cuda)
  if(NOT simulated_cuda)
    message(FATAL_ERROR "CUDA=SIMULATED needs the simulated device, which is test equipment and not in the package: "
                        "build with CUDA=AUTO, ON or OFF.")
  endif()
elseif(nvcc)
  execute_process(COMMAND ${nvcc} --version OUTPUT_VARIABLE nvcc_text)
  if(NOT nvcc_text MATCHES "release ([0-9]+\\.[0-9]+)")
    message(FATAL_ERROR "${nvcc} --version does not name a release; build with CUDA=OFF.")
  endif()
  set(nvcc_version ${CMAKE_MATCH_1})
  if(nvcc_version VERSION_LESS 12.0)
    message(FATAL_ERROR "CUDA ${nvcc_version} was found; rsqrt needs 12.0 or newer. Install one or build with CUDA=OFF.")
  endif()
  # Code for every generation that the toolkit compiles for, and PTX of the newest for later ones.
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    if(nvcc_version VERSION_GREATER_EQUAL 13.0)
      set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 86-real 89-real 90-real 100-real 120)
    elseif(nvcc_version VERSION_GREATER_EQUAL 12.8)
      set(CMAKE_CUDA_ARCHITECTURES 50-real 60-real 70-real 75-real 80-real 86-real 89-real 90-real 100-real 120)
    else()
      set(CMAKE_CUDA_ARCHITECTURES 50-real 60-real 70-real 75-real 80-real 86-real 89-real 90)
    endif()
  endif()
  set(CMAKE_CUDA_COMPILER ${nvcc})
  # The addon's compiler, unless another one is named, because nvcc does not support every compiler.
  if(NOT CMAKE_CUDA_HOST_COMPILER AND NOT DEFINED ENV{CUDAHOSTCXX})
    set(CMAKE_CUDA_HOST_COMPILER ${CMAKE_CXX_COMPILER})
  endif()
  enable_language(CUDA)
  if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION) # CMake 3.25 and older do not know it
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
  endif()
  find_package(CUDAToolkit REQUIRED)
  add_library(rsqrt_cuda OBJECT ${RSQRT_CUDA_SOURCES})
  # The driver unpacks only the code that it needs, and only once. Drivers of CUDA 12 may not
  # support the mode.
  set(compress -Xfatbin=-compress-all)
  if(nvcc_version VERSION_GREATER_EQUAL 13.0)
    set(compress --compress-mode=size)
  endif()
  # What scripts/check-kernels.mjs reads: registers, stack and spills of every kernel. It compiles
  # with the same options, so that ccache can answer.
  set(report "")
  if(WERROR)
    set(report -Xptxas=-v)
  endif()
  target_compile_options(rsqrt_cuda PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:${RSQRT_CXX_OPTIONS}>
    "$<$<COMPILE_LANGUAGE:CUDA>:-fmad=false;${compress};--threads=0;-Xcompiler=-Wall,-Wextra,-ffp-contract=off;${report}>")
  target_compile_definitions(rsqrt_cuda PRIVATE RSQRT_CUDA_BUILD="cuda")
  target_link_libraries(rsqrt_cuda PRIVATE CUDA::cudart_static)
  target_link_libraries(rsqrt PRIVATE CUDA::cudart_static)
  list(JOIN CMAKE_CUDA_ARCHITECTURES " " architectures)
  set(cuda_summary "CUDA ${nvcc_version} for ${architectures}")
else()
  add_library(rsqrt_cuda OBJECT native/cuda/none.cpp)
  target_compile_options(rsqrt_cuda PRIVATE ${RSQRT_CXX_OPTIONS})
  if(CUDA STREQUAL "OFF")
    set(cuda_summary "without CUDA")
  else()
    set(cuda_summary "without CUDA (nvcc was not found)")
  endif()
endif()

target_compile_definitions(rsqrt_cuda PRIVATE RSQRT_TARGET=device)
target_include_directories(rsqrt_cuda PRIVATE native)
target_link_libraries(rsqrt PRIVATE rsqrt_cuda)
set_target_properties(rsqrt PROPERTIES LINKER_LANGUAGE CXX)
