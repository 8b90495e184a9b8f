#!/usr/bin/env python3
"""Generate creation.json from a real torch:

    ATEN_CPU_CAPABILITY=default python3 creation.py DEST      # torch 2.13.0+cpu was used

linspace   [start, end, steps, dtype, bytes of the result in memory order, as hexadecimal]. Without the variable above torch
           fuses operations and counts within blocks, as long as the vectors of the CPU that it runs on.
arange     [start, end, step, dtype, bytes of the result as hexadecimal, or null where torch refuses]; integers beyond 2^53 are
           strings of digits. Float results are shorter than a vector: torch counts longer ones within blocks. What does not
           fit an integer dtype is left out, as torch lets it wrap around.
like       [shape, strides, strides of empty_like]
defaults   default dtype -> operation -> [results for `integers`, as numbers or names of those JSON lacks]
"""
import json
import math
import random
import sys

import torch

INTEGERS = [3, 0, -5, 2049, 70000, 16777217, 2**40 + 1, 2**53 + 1, 2**63 - 1]


def linspaces(rng):
    lengths = [0, 1, 2, 3, 4, 5, 7, 8, 9, 17, 33, 100]
    ends = [0.0, -0.0, 1.0, -1.0, 0.1, 3.0, 10.0, -7.5, 1e30, 1e-40]
    for dtype in ["float32", "float64", "complex64", "complex128", "int8", "uint8", "int32", "int64"]:
        for steps in lengths:
            start, end = rng.choice(ends), rng.choice(ends + [rng.uniform(-1e6, 1e6)])
            if "int" in dtype:
                start, end = rng.randint(0, 127), rng.randint(0, 127)
                if dtype != "uint8":
                    start -= 64.5
                if dtype == "int64":
                    end *= 2**40
            if dtype.startswith("complex"):
                start, end = complex(start, end), complex(rng.choice(ends), rng.uniform(-4, 4))
            result = torch.linspace(start, end, steps, dtype=getattr(torch, dtype))
            bits = bytes(torch.view_as_real(result).flatten().view(torch.uint8).tolist()) if result.is_complex() \
                else bytes(result.view(torch.uint8).tolist())
            yield [plain(start), plain(end), steps, dtype, bits.hex()]
    for start, end in [(math.inf, 1.0), (0.0, math.inf), (math.nan, 1.0), (-3e38, 3e38)]:
        result = torch.linspace(start, end, 5)
        yield [plain(start), plain(end), 5, "float32", bytes(result.view(torch.uint8).tolist()).hex()]


def aranges(rng):
    steps = [1, 2, -1, -3, 0, 0.5, -0.5, 1.5, -1.5, 1.7, 0.9999, 0.1]
    ends = [0, 1, 5, -4, 10, 0.5, -0.5, 1.5, -1.5, 2.9, 0.9, 0.1, -7.25]
    fixed = [(-1.5, 1.5, 1), (0, 5, 0.5), (5.5, 0.5, -1.5), (-0.9, 0.9, 1.7), (0.9, 0.1, 1), (1.2, 1.5, -1), (3, 3, 0.5),
             (3, 3, 0), (3, 1, -0.5)]
    for dtype in ["int8", "uint8", "int16", "int32", "int64"]:
        for bounds in fixed + [(rng.choice(ends), rng.choice(ends), rng.choice(steps)) for _ in range(30)]:
            yield bounds, dtype
    big = [(2**62, 2**63 - 1, 2**61), (0, 3 * 2**60 + 1, 2**60), (0, 144962911544046900, 1449629115440469),
           (2**53 + 1, 2**53 + 9, 3), (2**63 - 1, 2**63 - 9, -3), (-2**63, -2**63 + 5, 2), (0, 2**53, 2**51),
           (-2**61, 2**62, 2**60 + 1)]
    for bounds in big:
        yield bounds, "int64"
    for dtype, most in [("float16", 15), ("bfloat16", 15), ("float32", 7), ("float64", 3)]:
        for _ in range(25):
            start = rng.choice([0, 0.1, -3.7, rng.uniform(-10, 10)])
            step = rng.choice([0.1, 0.3, 1 / 3, -0.7, rng.uniform(0.01, 3)])
            yield (start, start + step * max(rng.randint(0, most) - rng.choice([0, 0.5]), 0), step), dtype


def arange_rows(rng):
    for bounds, dtype in aranges(rng):
        try:
            result = torch.arange(*bounds, dtype=getattr(torch, dtype))
        except (RuntimeError, ValueError):
            yield [*map(exact, bounds), dtype, None]
            continue
        last = math.trunc(bounds[0]) + math.trunc(bounds[2]) * (len(result) - 1)
        if dtype == "uint8" and len(result) > 0 and min(math.trunc(bounds[0]), last) < 0:
            continue
        yield [*map(exact, bounds), dtype, bytes(result.view(torch.uint8).tolist()).hex()]


def exact(value):
    return str(value) if isinstance(value, int) and abs(value) > 2**53 else value


def plain(value):
    if isinstance(value, complex):
        return {"re": plain(value.real), "im": plain(value.imag)}
    if math.isfinite(value) and not (value == 0 and math.copysign(1, value) < 0):
        return value
    return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity", "-0.0": "-0"}[str(value)]


def likes(rng):
    fixed = [([], []), ([6, 4], [1, 6]), ([4, 3], [6, 2]), ([3, 4], [2, 6]), ([4, 3], [0, 1]), ([3, 4], [1, 0]),
             ([2, 3, 4, 5], [60, 1, 15, 3]), ([2, 1, 4, 5], [20, 1, 5, 1]), ([3, 0], [1, 3]), ([4, 1], [1, 7]),
             ([3, 3], [1, 1]), ([3, 1, 2], [1, 100, 3]), ([4, 0], [5, 1])]
    for shape, strides in fixed:
        yield shape, strides
    for _ in range(120):
        ndim = rng.randint(1, 5)
        shape = [rng.choice([0, 1, 2, 3, 4, 4]) for _ in range(ndim)]
        if rng.random() < 0.5:
            view = torch.empty(shape).permute(rng.sample(range(ndim), ndim))
            strides = [stride * rng.choice([1, 1, 1, 2, 0]) for stride in view.stride()]
            shape = list(view.shape)
        else:
            strides = [rng.choice([0, 1, 2, 3, 4, 6, 8, 12, 24]) for _ in range(ndim)]
        yield shape, strides


def defaults():
    for dtype in ["float16", "bfloat16", "float64"]:
        torch.set_default_dtype(getattr(torch, dtype))
        x = torch.tensor(INTEGERS, dtype=torch.int64)
        yield dtype, {op: [plain(y) for y in getattr(torch, op)(x).tolist()] for op in ["rsqrt", "sqrt", "reciprocal"]}
    torch.set_default_dtype(torch.float32)


def main(dest):
    rng = random.Random(20240604)
    assert torch.backends.cpu.get_cpu_capability() == "DEFAULT", __doc__
    data = {
        "meta": {"torch": torch.__version__, "device": "cpu", "capability": "default"},
        "linspace": list(linspaces(rng)),
        "arange": list(arange_rows(random.Random(20261128))),
        "like": [[s, t, list(torch.empty_like(torch.empty(5000).as_strided(s, t)).stride())] for s, t in likes(rng)],
        "integers": [str(value) for value in INTEGERS],
        "defaults": dict(defaults()),
    }
    with open(dest, "w") as file:
        rows = ",\n".join(
            '"%s": ' % key + ("[\n" + ",\n".join(map(json.dumps, value)) + "\n]" if isinstance(value, list) else json.dumps(value))
            for key, value in data.items())
        file.write("{\n%s\n}\n" % rows)


main(sys.argv[1])
