// The tests of the simulated CUDA runtime, each of one subject.
#pragma once

#include "test/test.h"

namespace rsqrt_native::test::device {

void test_events(Report& report);
void test_pools(Report& report);
void test_wrong_pools(Report& report);
void test_peers(Report& report);
void test_memory(Report& report);
void test_freed_pinned(Report& report);
void test_graphs(Report& report);
void test_refused_in_captures(Report& report);
void test_graph_of_freed_memory(Report& report);
void test_injected_failures(Report& report);
void test_threads(Report& report);
void test_processes(Report& report);

}  // namespace rsqrt_native::test::device
