"""torch on the CPU; ../contenders.mjs is the other end and tells the commands, torch_inputs.py the input."""

import math
import sys
from itertools import repeat
from time import perf_counter_ns


def new(op, _in_place, x, _out, count):
    for _ in repeat(None, count):
        y = op(x)  # kept until the next one exists
    return y


def disposed(op, _in_place, x, _out, count):
    for _ in repeat(None, count):
        op(x)  # freed at once: Python counts references


def out(op, _in_place, x, out, count):
    for _ in repeat(None, count):
        op(x, out=out)
    return out


def in_place(_op, in_place, x, _out, count):
    for _ in repeat(None, count):
        in_place(x)
    return x


LOOPS = {"new": new, "disposed": disposed, "out": out, "inPlace": in_place}


class Worker:
    def start(self, threads):
        torch.set_num_threads(threads)
        return {
            "version": torch.__version__,
            "capability": torch.backends.cpu.get_cpu_capability(),
            "threads": torch.get_num_threads(),
            "python": sys.version.split()[0],
        }

    def prepare(self, case):
        self.arguments = None  # releases the last case's memory
        dtype = getattr(torch, case["dtype"])
        x = input_of(case, dtype)
        result = dtype if dtype.is_floating_point or dtype.is_complex else torch.float32
        y = torch.zeros(x.shape, dtype=result) if case["form"] == "out" else None
        self.form = case["form"]
        self.arguments = getattr(torch, case["op"]), getattr(torch, case["op"] + "_"), x, y

    def sample(self, indices):
        """Elements of the first result."""
        loop = LOOPS["new" if self.form == "disposed" else self.form]
        samples = loop(*self.arguments, 1).reshape(-1)[torch.tensor(indices)]
        if samples.is_complex():
            samples = torch.view_as_real(samples).reshape(-1)
        return [value if math.isfinite(value) else "Infinity" for value in samples.double().tolist()]

    def run(self, count):
        loop = LOOPS[self.form]
        start = perf_counter_ns()
        loop(*self.arguments, count)
        return perf_counter_ns() - start


try:
    import torch
    from torch_commands import answer
    from torch_inputs import input_of
except ImportError as error:
    sys.exit(f"{error}")

# Without autograd's bookkeeping: torch at its fastest.
with torch.inference_mode():
    answer(Worker())
