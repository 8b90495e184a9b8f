// The CUDA backend. The same code is compiled against the CUDA runtime and against the simulated
// one (native/test/simulated_cuda).
#include <cuda_runtime.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/failure.h"
#include "cuda/backend.h"
#include "cuda/device.h"
#include "cuda/kernels.h"
#include "cuda/pinned.h"
#include "cuda/status.h"

namespace rsqrt_native::cuda {
namespace {

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

struct TimedEvent final : Event {
  TimedEvent(int on, EventHandle event) : device(on), handle(std::move(event)) {}

  int device;
  EventHandle handle;
  bool recorded = false;
};

struct CapturedGraph final : Graph {
  CapturedGraph(int on, std::vector<std::shared_ptr<Block>> used, ExecHandle graph)
      : device(on), blocks(std::move(used)), exec(std::move(graph)) {}

  int device;
  std::vector<std::shared_ptr<Block>> blocks;
  ExecHandle exec;  // destroyed first; CUDA releases a running one when it is done
};

const TimedEvent& ours(const Event& event) { return static_cast<const TimedEvent&>(event); }
TimedEvent& ours(Event& event) { return static_cast<TimedEvent&>(event); }

class CudaBackend final : public Backend {
 public:
  CudaBackend() {
    // Neither call needs a driver to be installed.
    static_cast<void>(cudaRuntimeGetVersion(&runtime_version_));
    static_cast<void>(cudaDriverGetVersion(&driver_version_));
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status == cudaSuccess && count > 0) {
      devices_.resize(static_cast<std::size_t>(count));
    } else {
      static_cast<void>(cudaGetLastError());
      reason_ = explain(status);
    }
  }

  const char* build() const override { return RSQRT_CUDA_BUILD; }
  int runtime_version() const override { return runtime_version_; }
  int driver_version() const override { return driver_version_; }
  int device_count() const override { return static_cast<int>(devices_.size()); }
  const std::string& unavailable_reason() const override { return reason_; }

  DeviceProperties properties(int device) override {
    cudaDeviceProp properties;
    check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
    return {properties.name, properties.major, properties.minor, properties.totalGlobalMem};
  }

  std::shared_ptr<Block> allocate(int device, std::size_t bytes) override {
    return open(device)->allocate(bytes);
  }

  void trim() override {
    for (const auto& device : devices_) {
      if (device != nullptr && !device->is_capturing()) device->synchronize();
    }
    trim_pools();
    pinned_.trim();
  }

  MemoryStats memory_stats(int device) override { return open(device)->allocator.stats(); }

  void reset_peak(int device) override { open(device)->allocator.reset_peak(); }

  void set_memory_limit(int device, std::size_t bytes) override { open(device)->allocator.set_limit(bytes); }

  std::byte* allocate_pinned(std::size_t bytes) override {
    if (devices_.empty()) throw Failure("ERR_CUDA_UNAVAILABLE", "CUDA is not available: " + reason_);
    return pinned_.allocate(bytes);
  }

  void release_pinned(std::byte* pointer) noexcept override { pinned_.release(pointer); }

  void settle(const std::byte* pointer) override {
    if (Pinned::Buffer* const buffer = pinned_.find(pointer)) Pinned::settle(*buffer);
  }

  void when_settled(const std::byte* pointer, std::unique_ptr<Done> done) override {
    const Pinned::Buffer* const buffer = pinned_.find(pointer);
    if (buffer == nullptr || buffer->last == nullptr) {
      done->tell(nullptr);
      return;
    }
    // A separate event, because that of the buffer may be recorded again or destroyed before the
    // waiter gets to it.
    const Opened device = open(buffer->last->device);
    EventHandle event = make_event(cudaEventDisableTiming | cudaEventBlockingSync);
    check(cudaEventRecord(event.get(), buffer->last->handle.get()), "cudaEventRecord");
    device->waiter().add(std::move(event), std::move(done));
  }

  void copy(Place from, Place to, std::size_t bytes, bool non_blocking) override {
    if (from.block == nullptr) {
      copy_host(*to.block, from.pointer, non_blocking, [&](Device& device, bool pinned) {
        if (pinned) return enqueue(to, from, bytes, cudaMemcpyHostToDevice, device.stream());
        device.staging().upload(to.pointer, from.pointer, bytes, device.stream());
      });
    } else if (to.block == nullptr) {
      copy_host(*from.block, to.pointer, non_blocking, [&](Device& device, bool pinned) {
        if (pinned) return enqueue(to, from, bytes, cudaMemcpyDeviceToHost, device.stream());
        device.staging().download(to.pointer, from.pointer, bytes, device.stream());
      });
    } else if (from.block->device == to.block->device) {
      const Opened device = open(from.block->device);
      device->use(*from.block);
      device->use(*to.block);
      enqueue(to, from, bytes, cudaMemcpyDeviceToDevice, device->stream());
    } else {
      copy_between_devices(from, to, bytes);
    }
  }

  void run(Block* const* blocks, const Job& job) override {
    const Opened device = open(blocks[0]->device);
    for (int k = 0; k < job.program->operands; ++k) device->use(*blocks[k]);
    check(cuda::launch(job, device->multiprocessors, device->stream().handle.get()), "cudaLaunchKernel");
  }

  void draw(Block& out, const RandomJob& job) override {
    const Opened device = open(out.device);
    device->use(out);
    check(launch_random(job, device->multiprocessors, device->stream().handle.get()), "cudaLaunchKernel");
  }

  void synchronize(int device) override { open(device)->synchronize(); }

  int enter_stream(int device) override { return open(device)->enter_stream(); }

  // Do not make the device current, because that may fail, and then the stream would not be left.
  void leave_stream(int device, int previous) override {
    if (Device* const used = used_device(device)) return used->leave_stream(previous);
    open(device)->leave_stream(previous);
  }

  std::shared_ptr<Event> create_event(int device) override {
    const Opened opened = open(device);
    return std::make_shared<TimedEvent>(device, make_event(cudaEventDefault));
  }

  void record(Event& event) override {
    const Opened device = open(ours(event).device);
    device->refuse_capture("recording an event");
    check(cudaEventRecord(ours(event).handle.get(), device->stream().handle.get()), "cudaEventRecord");
    ours(event).recorded = true;
  }

  bool query(const Event& event) override {
    const cudaError_t status = cudaEventQuery(ours(event).handle.get());
    if (status == cudaErrorNotReady) {
      static_cast<void>(cudaGetLastError());
      return false;
    }
    check(status, "cudaEventQuery");
    return true;
  }

  void synchronize(const Event& event) override {
    check(cudaEventSynchronize(ours(event).handle.get()), "cudaEventSynchronize");
  }

  float elapsed_time(const Event& start, const Event& end) override {
    if (ours(start).device != ours(end).device) {
      throw Failure("ERR_CUDA", "elapsedTime: the events must be of one device; they are of cuda:" +
                                    std::to_string(ours(start).device) +
                                    " and cuda:" + std::to_string(ours(end).device));
    }
    if (!ours(start).recorded || !ours(end).recorded) {
      throw Failure("ERR_CUDA", "elapsedTime: both events must have been recorded");
    }
    synchronize(start);
    synchronize(end);
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, ours(start).handle.get(), ours(end).handle.get()),
          "cudaEventElapsedTime");
    return milliseconds;
  }

  void begin_capture(int device) override { open(device)->begin_capture(); }

  std::shared_ptr<Graph> end_capture(int device) override {
    const Opened opened = open(device);
    GraphHandle graph;
    const std::unique_ptr<Capture> capture = opened->end_capture(graph);
    cudaGraphExec_t exec = nullptr;
    check(cudaGraphInstantiate(&exec, graph.get(), 0), "cudaGraphInstantiate");
    ExecHandle owned(exec);
    return std::make_shared<CapturedGraph>(device, std::move(capture->blocks), std::move(owned));
  }

  void abandon_capture(int device) override {
    Device* const used = used_device(device);
    if (used == nullptr) return;
    try {
      open(device)->abandon_capture();
    } catch (...) {  // the device cannot be made current
      used->abandon_capture();
    }
  }

  void launch(Graph& graph) override {
    const CapturedGraph& captured = static_cast<const CapturedGraph&>(graph);
    const Opened device = open(captured.device);
    device->refuse_capture("another graph");
    for (const auto& block : captured.blocks) device->use(*block);
    check(cudaGraphLaunch(captured.exec.get(), device->stream().handle.get()), "cudaGraphLaunch");
  }

 private:
  std::string explain(cudaError_t status) const {
    if (driver_version_ == 0) {
      return "no driver: no NVIDIA driver is installed on this machine; install one that supports CUDA " +
             version_text(runtime_version_);
    }
    if (status == cudaErrorInsufficientDriver) {
      return "driver too old: it supports CUDA " + version_text(driver_version_) +
             ", rsqrt was built with CUDA " + version_text(runtime_version_) + "; install a newer driver";
    }
    if (status == cudaErrorNoDevice || status == cudaSuccess) {
      return "no device: the NVIDIA driver sees no GPU; see what nvidia-smi says and whether "
             "CUDA_VISIBLE_DEVICES hides it";
    }
    return describe("cudaGetDeviceCount", status);
  }

  // Access to a device, which is current during the lifetime of this object. The device is set up
  // at its first use.
  class Opened {
   public:
    Opened(CudaBackend& backend, int device)
        : current_(device), slot_(backend.devices_[static_cast<std::size_t>(device)]) {
      if (slot_ == nullptr) slot_ = std::make_unique<Device>(device);
    }
    Device* operator->() const { return slot_.get(); }
    Device& operator*() const { return *slot_; }

   private:
    const CurrentDevice current_;
    std::unique_ptr<Device>& slot_;
  };
  Opened open(int device) { return Opened(*this, device); }
  // Null if the device has not been used yet.
  Device* used_device(int device) const { return devices_[static_cast<std::size_t>(device)].get(); }

  static void enqueue(Place to, Place from, std::size_t bytes, cudaMemcpyKind kind, const Stream& stream) {
    check(cudaMemcpyAsync(to.pointer, from.pointer, bytes, kind, stream.handle.get()), "cudaMemcpyAsync");
  }

  // Copies between a block and host memory. `enqueue_copy` queues the copy and is told whether the
  // host memory is page-locked.
  template <class EnqueueCopy>
  void copy_host(Block& block, const std::byte* host, bool non_blocking, EnqueueCopy enqueue_copy) {
    const Opened device = open(block.device);
    device->refuse_capture("copying between a device and the host");
    device->use(block);
    Pinned::Buffer* const pinned = pinned_.find(host);
    if (pinned != nullptr) Pinned::use(*pinned, device->stream());
    enqueue_copy(*device, pinned != nullptr);
    if (pinned == nullptr) return;
    mark_copied(*pinned, device->stream());
    if (!non_blocking) Pinned::settle(*pinned);
  }

  // Without the mark, it would be unknown when the memory may be used.
  static void mark_copied(Pinned::Buffer& pinned, const Stream& stream) {
    try {
      Pinned::mark(pinned, stream);
    } catch (...) {
      static_cast<void>(cudaStreamSynchronize(stream.handle.get()));
      pinned.last = nullptr;
      throw;
    }
  }

  void copy_between_devices(Place from, Place to, std::size_t bytes) {
    {
      const Opened source = open(from.block->device);
      source->refuse_capture("copying between devices");
      if (const std::pair pair(from.block->device, to.block->device); !open_.contains(pair)) {
        source->allocator.open_to(to.block->device);
        open_.insert(pair);
      }
    }
    const Opened target = open(to.block->device);
    target->refuse_capture("copying between devices");
    // The target's stream reads the source, so it becomes the source's last user too.
    target->use(*from.block);
    target->use(*to.block);
    check(cudaMemcpyPeerAsync(to.pointer, to.block->device, from.pointer, from.block->device, bytes,
                              target->stream().handle.get()),
          "cudaMemcpyPeerAsync");
  }

  std::vector<std::unique_ptr<Device>> devices_;  // null: not used yet
  std::set<std::pair<int, int>> open_;            // (device, other device that may access its memory)
  Pinned pinned_;                                 // destroyed first: its copies are work of the devices
  std::string reason_;
  int runtime_version_ = 0;
  int driver_version_ = 0;
};

}  // namespace

std::shared_ptr<Backend> make_backend() { return std::make_shared<CudaBackend>(); }

}  // namespace rsqrt_native::cuda
