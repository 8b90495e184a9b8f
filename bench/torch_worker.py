"""The contender torch; contenders.mjs is the other end, and tells the commands."""

import json
import sys
from itertools import repeat
from time import perf_counter_ns


def new(x, _out, count):
    rsqrt = torch.rsqrt
    for _ in repeat(None, count):
        y = rsqrt(x)  # kept until the next one is there
    return y


def disposed(x, _out, count):
    rsqrt = torch.rsqrt
    for _ in repeat(None, count):
        rsqrt(x)  # freed at once: Python counts references


def out(x, out, count):
    rsqrt = torch.rsqrt
    for _ in repeat(None, count):
        rsqrt(x, out=out)


def in_place(x, _out, count):
    rsqrt_ = torch.rsqrt_
    for _ in repeat(None, count):
        rsqrt_(x)


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

    def prepare(self, form, size):
        self.loop = LOOPS[form]
        self.x = 0.5 + torch.arange(size, dtype=torch.float32).remainder(1000) / 256
        self.out = torch.zeros(size)
        return True

    def run(self, count):
        start = perf_counter_ns()
        self.loop(self.x, self.out, count)
        return perf_counter_ns() - start


def main():
    worker = Worker()
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        print(json.dumps(getattr(worker, command)(*arguments)), flush=True)


try:
    import torch
except ImportError as error:
    sys.exit(f"{error}")

# Without autograd's bookkeeping, which is torch at its fastest.
with torch.inference_mode():
    main()
