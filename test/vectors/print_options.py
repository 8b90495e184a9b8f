#!/usr/bin/env python3
"""Generate print-options.json in this folder: what torch prints under many print options and default dtypes.

    python3 print_options.py          # a current torch (2.13.0+cpu was used)

Values are encoded as generate.py says. A case is: the storage ("values"), the view of it that is printed ("shape", "strides",
"offset"; without strides the storage in that shape), "options" by the names that this library gives them ("Infinity" for inf),
and where they are not float32 and the CPU, "defaultDtype" and "device". The dtype is named without `torch.`.
"""
import json
import math
import os
import random

import torch
from torch import _tensor_str

from generate import DTYPES, build, encode_value, numel, values_for

NAMES = {"precision": "precision", "threshold": "threshold", "edgeItems": "edgeitems", "lineWidth": "linewidth",
         "sciMode": "sci_mode", "profile": "profile"}
DEFAULTS = ["float16", "bfloat16", "float32", "float64"]

add_suffixes = _tensor_str._add_suffixes


def add_plain_suffixes(text, suffixes, *rest, **more):
    return add_suffixes(text, [suffix.replace("torch.", "") for suffix in suffixes], *rest, **more)


_tensor_str._add_suffixes = add_plain_suffixes


def text_of(case):
    """What torch prints. A device is only said to be the tensor's: printing asks for its name alone."""
    t = build(torch, case["dtype"], case["values"])
    if "strides" in case:
        t = t.as_strided(case["shape"], case["strides"], case["offset"])
    else:
        t = t.reshape(case["shape"])
    options = {NAMES[k]: math.inf if v == "Infinity" else v for k, v in case["options"].items()}
    torch.set_default_dtype(getattr(torch, case.get("defaultDtype", "float32")))
    torch.set_printoptions(**options)
    actual = torch.Tensor.device
    if "device" in case:
        torch.Tensor.device = property(lambda self: torch.device(case["device"]))
    try:
        return str(t)
    finally:
        torch.Tensor.device = actual
        torch.set_printoptions(profile="default")
        torch.set_default_dtype(torch.float32)


def random_options(rng):
    choices = {
        "precision": [0, 1, 2, 3, 6, 9, 17, 25],
        "threshold": [0, 1, 2, 5, 10, 20, 40, 999, "Infinity"],
        "edgeItems": [0, 1, 2, 3, 4, 10],
        "lineWidth": [1, 7, 9, 12, 20, 30, 40, 60, 79, 81, 120, 300],
        "sciMode": [True, False],
        "profile": ["default", "short", "full"],
    }
    names = [name for name in choices if rng.random() < (0.15 if name == "profile" else 0.45)]
    return {name: rng.choice(choices[name]) for name in names}


def random_layout(rng):
    """A shape, and strides that let a few stored values stand for all."""
    ndim = rng.choice((0, 1, 1, 1, 2, 2, 2, 3, 3, 4))
    longest = {0: 1, 1: 30, 2: 9, 3: 5, 4: 3}[ndim]
    shape = [rng.randint(1, longest) for _ in range(ndim)]
    if rng.random() < 0.2:                                          # more than 1000 elements
        shape = rng.choice(([1001], [2, 600], [40, 30], [11, 10, 12], [7, 2, 9, 9]))
    if ndim > 0 and rng.random() < 0.06:
        shape[rng.randrange(len(shape))] = 0
    if numel(shape) <= 24 and rng.random() < 0.5:
        return {"shape": shape}
    return {"shape": shape, "strides": [rng.randint(0, 40 // max(size, 1)) for size in shape], "offset": rng.randint(0, 3)}


def random_case(rng):
    case = {"dtype": rng.choice(["float32", "float32", "float64"] + DTYPES), **random_layout(rng)}
    shape, strides = case["shape"], case.get("strides")
    size = numel(shape) if strides is None else case["offset"] + sum(max(s - 1, 0) * d for s, d in zip(shape, strides)) + 1
    case["values"] = [encode_value(case["dtype"], v) for v in values_for(case["dtype"], rng, size)]
    case["options"] = random_options(rng)
    if rng.random() < 0.35:
        case["defaultDtype"] = rng.choice(DEFAULTS)
    if rng.random() < 0.25:
        case["device"] = "cuda:%d" % rng.randint(0, 1)
    return case


def dtype_cases():
    """Every dtype under every default dtype, with and without elements."""
    for default in DEFAULTS:
        for dtype in DTYPES:
            for shape in ([2], [0]):
                values = [encode_value(dtype, v) for v in [1, 0][:shape[0]]]
                yield {"dtype": dtype, "shape": shape, "values": values, "options": {}, "defaultDtype": default}


def random_cases(rng, count):
    """Cases of a page at most."""
    while count > 0:
        case = random_case(rng)
        case["expected"] = text_of(case)
        if len(case["expected"]) < 1500:
            yield case
            count -= 1


if __name__ == "__main__":
    cases = [dict(case, expected=text_of(case)) for case in dtype_cases()]
    cases += random_cases(random.Random(20240604), 300)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "print-options.json")
    with open(path, "w") as file:
        lines = ",\n".join(json.dumps(case) for case in cases)
        file.write('{\n"meta": %s,\n"cases": [\n%s\n]\n}\n' % (json.dumps({"torch": torch.__version__}), lines))
