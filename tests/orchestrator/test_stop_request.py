"""A signal handler may ask to stop at any moment; no wait lasts longer for it."""

from __future__ import annotations

import subprocess
import sys
import time

from orchestrator.stop_request import StopRequest

STORM = """
import random, signal
from orchestrator.stop_request import StopRequest
draw = random.Random(1)
signal.signal(signal.SIGALRM, lambda *_: stop.set())
for _ in range(4000):
    stop = StopRequest()
    signal.setitimer(signal.ITIMER_REAL, draw.uniform(5e-5, 5e-4))  # in the midst of any line of `wait`
    while not stop.wait(1e-6):
        pass
    stop.close()
print("ended")
"""


def test_asking_to_stop_in_a_handler_never_deadlocks() -> None:
    # with a `threading.Event` it hangs within the first hundred
    ended = subprocess.run([sys.executable, "-c", STORM], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "ended\n"


def test_a_wait_ends_at_its_time_or_at_the_request() -> None:
    stop = StopRequest()
    began = time.monotonic()
    assert not stop.wait(0.05)
    assert 0.04 < time.monotonic() - began < 5
    assert not stop.is_set()
    stop.set()
    stop.set()
    began = time.monotonic()
    assert stop.wait(60)
    assert stop.wait(60)
    assert stop.is_set()
    assert time.monotonic() - began < 5
    stop.close()
