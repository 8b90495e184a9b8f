# Adds native-test: tests that do not need Node, for sanitizers and for very large numbers of cases.
# Only with CUDA=SIMULATED.

if(NOT CUDA STREQUAL "SIMULATED")
  message(FATAL_ERROR "NATIVE_TEST needs CUDA=SIMULATED, received CUDA=${CUDA}.")
endif()

add_executable(native-test
  ${RSQRT_CPU_SOURCES}
  native/test/backend.cpp
  native/test/complex.cpp
  native/test/corrupt.cpp
  native/test/device.cpp
  native/test/device/captures.cpp
  native/test/device/events.cpp
  native/test/device/failures.cpp
  native/test/device/fixture.cpp
  native/test/device/graphs.cpp
  native/test/device/memory.cpp
  native/test/device/pools.cpp
  native/test/device/processes.cpp
  native/test/device/threads.cpp
  native/test/draws.cpp
  native/test/execute.cpp
  native/test/gpu_programs.cpp
  native/test/kernels.cpp
  native/test/layouts.cpp
  native/test/main.cpp
  native/test/numbers.cpp
  native/test/programs.cpp
  native/test/random_program.cpp
  native/test/rsqrt.cpp
  native/test/seeds.cpp
  native/test/speed.cpp
  native/test/step_by_step.cpp
  native/test/test.cpp)
set_source_files_properties(native/test/gpu_programs.cpp native/test/kernels.cpp PROPERTIES COMPILE_OPTIONS -Wno-unknown-pragmas)
target_compile_options(native-test PRIVATE ${RSQRT_CXX_OPTIONS})
target_compile_definitions(native-test PRIVATE RSQRT_TARGET=host RSQRT_NATIVE_TEST)
target_include_directories(native-test PRIVATE native native/test/simulated_cuda)
target_link_libraries(native-test PRIVATE Threads::Threads rsqrt_cuda ${CMAKE_DL_LIBS})
set_source_files_properties(native/test/speed.cpp PROPERTIES
  COMPILE_OPTIONS "-DRSQRT_INSTRUCTION_SETS(X)=${table}")
foreach(set IN LISTS instruction_sets)
  target_sources(rsqrt_${set} PRIVATE native/test/fused.cpp)
  target_link_libraries(native-test PRIVATE rsqrt_${set})
endforeach()
if(SANITIZE)
  # Many sources as one, because most of the time would go to headers. A local name may then be one
  # that another source has outside.
  set_target_properties(native-test rsqrt_cuda PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 10)
  # -O1 after -O3: compiled in half the time, and reports name the lines.
  foreach(target native-test rsqrt_cuda ${instruction_sets})
    if(target IN_LIST instruction_sets)
      string(PREPEND target "rsqrt_")
    endif()
    target_compile_options(${target} PRIVATE -fsanitize=${SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1
      -g1 -Wno-shadow)
  endforeach()
  target_link_options(native-test PRIVATE -fsanitize=${SANITIZE})
endif()
