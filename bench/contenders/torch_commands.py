"""Answers commands: each a line of standard input, a JSON list of a method's name and its arguments."""

import json
import sys


def answer(worker):
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        print(json.dumps(getattr(worker, command)(*arguments)), flush=True)
