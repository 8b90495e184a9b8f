#include "test/device/fixture.h"
#include "test/device/tests.h"

namespace rsqrt_native::test::device {

void test_graphs(Report& report) {
  Fixture f(report, "graphs");
  Topic& t = f.topic;
  const cudaStream_t stream = f.stream(), second = f.stream();
  const cudaEvent_t event = f.event();
  int* const p = f.allocate<int>(200);
  int* const q = f.allocate<int>(200);
  int* const host = f.pinned<int>(200);
  t.succeeds(cudaMemsetAsync(p, 1, 800, stream));
  t.succeeds(cudaStreamSynchronize(stream));

  cudaStreamCaptureStatus status = cudaStreamCaptureStatusInvalidated;
  t.succeeds(cudaStreamIsCapturing(stream, &status));
  t.equals<int>(cudaStreamCaptureStatusNone, status);
  t.succeeds(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  t.succeeds(cudaStreamIsCapturing(stream, &status));
  t.equals<int>(cudaStreamCaptureStatusActive, status);
  t.returns(cudaErrorIllegalState, cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  t.succeeds(cudaMemsetAsync(p, 0, 800, stream));
  t.succeeds(launch_add(p, 200, 7, stream));
  t.succeeds(cudaEventRecord(event, stream));
  t.succeeds(cudaStreamWaitEvent(stream, event));
  t.succeeds(cudaMemcpyAsync(q, p, 800, cudaMemcpyDeviceToDevice, stream));
  t.succeeds(launch_add(q, 200, 1, stream));
  t.succeeds(cudaMemcpyAsync(host, q, 800, cudaMemcpyDeviceToHost, stream));
  cudaGraph_t graph = nullptr;
  t.succeeds(cudaStreamEndCapture(stream, &graph));
  cudaGraph_t none = nullptr;
  t.returns(cudaErrorIllegalState, cudaStreamEndCapture(stream, &none));
  t.returns(cudaErrorCapturedEvent, cudaEventQuery(event));
  t.returns(cudaErrorCapturedEvent, cudaStreamWaitEvent(second, event));

  std::size_t nodes = 0;
  t.succeeds(cudaGraphGetNodes(graph, nullptr, &nodes));
  t.equals(std::size_t{5}, nodes);
  cudaGraphNode_t handles[7];
  nodes = 7;
  t.succeeds(cudaGraphGetNodes(graph, handles, &nodes));
  t.equals(std::size_t{5}, nodes);
  t.holds(handles[4] != nullptr && handles[5] == nullptr, "5 nodes have not 5 handles");
  cudaGraphExec_t exec = nullptr;
  t.returns(cudaErrorInvalidValue, cudaGraphInstantiate(&exec, nullptr));
  t.succeeds(cudaGraphInstantiate(&exec, graph, 0));
  t.succeeds(cudaGraphDestroy(graph));
  t.returns(cudaErrorInvalidValue, cudaGraphDestroy(graph));
  t.returns(cudaErrorInvalidValue, cudaGraphInstantiate(&exec, graph, 0));

  // Nothing has run, so p is unchanged. Launches are as late as other work, and the launches of one
  // exec do not overlap.
  host[199] = -1;
  t.succeeds(cudaMemcpyAsync(host, p, 800, cudaMemcpyDeviceToHost, stream));
  t.succeeds(cudaStreamSynchronize(stream));
  t.equals(0x01010101, host[199]);
  t.succeeds(cudaGraphLaunch(exec, stream));
  t.succeeds(cudaGraphLaunch(exec, second));
  t.equals(0x01010101, host[199]);
  t.succeeds(cudaGraphExecDestroy(exec));  // queued work still runs
  t.returns(cudaErrorInvalidValue, cudaGraphLaunch(exec, stream));
  t.returns(cudaErrorInvalidValue, cudaGraphExecDestroy(exec));
  t.succeeds(cudaStreamSynchronize(second));
  t.succeeds(cudaStreamQuery(stream));  // the second launch waited for the first
  t.equals(8, host[199]);

  t.succeeds(cudaFree(p));
  t.succeeds(cudaFree(q));
  t.succeeds(cudaFreeHost(host));
  t.succeeds(cudaEventDestroy(event));
  t.succeeds(cudaStreamDestroy(stream));
  t.succeeds(cudaStreamDestroy(second));
}

void test_graph_of_freed_memory(Report& report) {
  Fixture f(report, "graph of freed memory", failing_first + 1);
  Topic& t = f.topic;
  const cudaStream_t stream = f.stream();
  auto* const p = f.allocate<std::byte>(100);
  t.succeeds(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  t.succeeds(cudaMemsetAsync(p, 0, 100, stream));
  cudaGraph_t graph = nullptr;
  t.succeeds(cudaStreamEndCapture(stream, &graph));
  cudaGraphExec_t exec = nullptr;
  t.succeeds(cudaGraphInstantiate(&exec, graph));
  t.succeeds(cudaGraphLaunch(exec, stream));
  t.succeeds(cudaStreamSynchronize(stream));
  t.succeeds(cudaFree(p));
  t.succeeds(cudaGraphLaunch(exec, stream));
  t.returns(cudaErrorIllegalAddress, cudaStreamSynchronize(stream));
  t.succeeds(cudaGraphExecDestroy(exec));
  t.succeeds(cudaGraphDestroy(graph));
  t.returns(cudaErrorIllegalAddress, cudaStreamDestroy(stream));
}

}  // namespace rsqrt_native::test::device
