"""`lineup metrics` where it cannot serve."""

from __future__ import annotations

import socket

from tests.orchestrator.cli.conftest import Lineup


def test_a_port_that_is_taken_is_an_error_in_one_line(lineup: Lineup) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = lineup("metrics", "--port", port)
    assert result.code == 2
    (line,) = result.err.splitlines()
    assert f"cannot listen at 127.0.0.1:{port}: Address already in use" in line
    assert "--port" in line
