"""torch on the GPU, or with the argument 'copy' its bare copy of the same bytes within the device. ../contenders.mjs is the
other end and tells the commands, torch_inputs.py the input, ../gpu-cases.mjs the forms.

RSQRT_BENCH_SIMULATED=1 does the same on the CPU, which measures nothing: it is for testing the benchmark.
"""

import math
import os
import sys
from itertools import repeat
from time import perf_counter_ns

GRAPH_CALLS = 20  # as in ../gpu-cases.mjs
BY_THE_CLOCK = ("queued", "queuedOut", "roundTripPageable")
SIMULATED = os.environ.get("RSQRT_BENCH_SIMULATED") == "1"


class Clock:
    """Stands in for torch.cuda.Event without a GPU."""

    def record(self):
        self.ns = perf_counter_ns()

    def synchronize(self):
        pass

    def elapsed_time(self, end):
        return (end.ns - self.ns) / 1e6


class Graph:
    """Stands in for torch.cuda.CUDAGraph without a GPU."""

    def __init__(self, work):
        self.replay = work


def captured(work):
    if SIMULATED:
        return Graph(work)
    stream = torch.cuda.Stream()  # torch asks for one run before, on a separate stream
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        work()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph


def synchronize():
    if not SIMULATED:
        torch.cuda.synchronize()


def page_locked(x):
    return x if SIMULATED else x.pin_memory()


class Computing:
    """The loops of a case, by form; each returns what there is to look at."""

    def __init__(self, case, device):
        dtype = getattr(torch, case["dtype"])
        self.x = input_of(case, dtype, device)
        result = dtype if dtype.is_floating_point or dtype.is_complex else torch.float32
        self.y = torch.zeros(self.x.shape, dtype=result, device=device)
        self.op, self.in_place = getattr(torch, case["op"]), getattr(torch, case["op"] + "_")
        self.captured = captured(lambda: self.out(GRAPH_CALLS)) if case["form"] == "graph" else None

    def out(self, count):
        op, x, y = self.op, self.x, self.y
        for _ in repeat(None, count):
            op(x, out=y)
        return y

    def disposed(self, count):
        op, x = self.op, self.x
        for _ in repeat(None, count):
            op(x)  # freed at once: Python counts references
        return None

    def new(self, _count):
        return self.op(self.x)

    def inPlace(self, count):
        in_place, x = self.in_place, self.x
        for _ in repeat(None, count):
            in_place(x)
        return x

    def graph(self, count):
        replay = self.captured.replay
        for _ in repeat(None, count):
            replay()
        return self.y

    queued, queuedOut = disposed, out


class Copying:
    """A bare copy within the device; of a transposed input the bytes as they lie."""

    def __init__(self, case, device):
        self.x = input_of({**case, "layout": "contiguous"}, getattr(torch, case["dtype"]), device)
        self.y = torch.zeros_like(self.x)

    def out(self, count):
        x, y = self.x, self.y
        for _ in repeat(None, count):
            y.copy_(x)
        return y


class Transferring:
    """Copies between the memory of the host and of the device that is there."""

    def __init__(self, case, device):
        lock = (lambda x: x) if case["form"].endswith("Pageable") else page_locked
        self.source = lock(input_of(case, getattr(torch, case["dtype"])))
        self.target = lock(torch.zeros_like(self.source))
        self.device = self.source.to(device)

    def roundTrip(self, count):
        for _ in repeat(None, count):
            self.device.copy_(self.source, non_blocking=True)
            self.target.copy_(self.device, non_blocking=True)
        synchronize()
        return self.target

    def toDevice(self, count):
        for _ in repeat(None, count):
            self.device.copy_(self.source, non_blocking=True)
        return self.device

    def toHost(self, count):
        for _ in repeat(None, count):
            self.target.copy_(self.device, non_blocking=True)
        synchronize()
        return self.target

    def roundTripPageable(self, count):
        for _ in repeat(None, count):
            self.device.copy_(self.source)
            self.target.copy_(self.device)
        return self.target


class Drawing:
    """Random numbers, which nobody compares."""

    def __init__(self, case, device):
        draw = {"rand": torch.rand, "randn": torch.randn}[case["op"]]
        self.draw = lambda: draw(case["size"], dtype=getattr(torch, case["dtype"]), device=device)

    def disposed(self, count):
        for _ in repeat(None, count):
            self.draw()

    def new(self, _count):
        return None


class Worker:
    def __init__(self, bare_copy):
        self.bare_copy = bare_copy
        self.device = "cpu" if SIMULATED else "cuda"

    def start(self, _threads):
        if not SIMULATED and not torch.cuda.is_available():
            sys.exit(f"torch {torch.__version__} finds no GPU: torch.cuda.is_available() is False")
        return {
            "version": torch.__version__,
            "cuda": torch.version.cuda or "none",
            "device": "cpu, in place of a GPU" if SIMULATED else torch.cuda.get_device_name(),
            "python": sys.version.split()[0],
        }

    def kind_of(self, case):
        if self.bare_copy:
            same_size = case["dtype"] not in ("int8", "uint8", "int16", "int32", "int64", "bool")
            plain = case["layout"] in ("contiguous", "transposed") and same_size
            return Copying if case["op"] == "rsqrt" and case["form"] == "out" and plain else None
        return {"copy": Transferring, "rand": Drawing, "randn": Drawing}.get(case["op"], Computing)

    def prepare(self, case):
        self.work = None  # releases the last case's memory
        if not SIMULATED:
            torch.cuda.empty_cache()
        kind = self.kind_of(case)
        if kind is None:
            return "copies to a given output only, of as many bytes"
        self.work = kind(case, self.device)
        self.form = case["form"]
        event = Clock if SIMULATED else lambda: torch.cuda.Event(enable_timing=True)
        self.start_event, self.end_event = event(), event()
        return None

    def sample(self, indices):
        """Elements of the first result."""
        form = "new" if self.form in ("disposed", "queued") else self.form
        result = getattr(self.work, form)(1)
        if result is None:
            return None
        samples = result.reshape(-1)[torch.tensor(indices, device=result.device)]
        if samples.is_complex():
            samples = torch.view_as_real(samples).reshape(-1)
        return [value if math.isfinite(value) else "Infinity" for value in samples.double().tolist()]

    def run(self, count):
        loop = getattr(self.work, self.form)
        if self.form in BY_THE_CLOCK:
            synchronize()
            start = perf_counter_ns()
            loop(count)
            time = perf_counter_ns() - start
            synchronize()
            return time
        self.start_event.record()
        loop(count)
        self.end_event.record()
        self.end_event.synchronize()
        return self.start_event.elapsed_time(self.end_event) * 1e6


try:
    import torch
    from torch_commands import answer
    from torch_inputs import input_of
except ImportError as error:
    sys.exit(f"{error}")

# Without autograd's bookkeeping: torch at its fastest.
with torch.inference_mode():
    answer(Worker(bare_copy=sys.argv[1:] == ["copy"]))
