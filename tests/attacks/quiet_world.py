"""Run commands where every written file, every look-up of a name and every packet to another machine is seen.

python -m tests.attacks.quiet_world FOLDER, as root of namespaces of its own, with a JSON list of commands on standard
input. The file system is an overlay: what is written lands in FOLDER. The one route goes into a tunnel that is read
here; the one name server is here.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
UNSHARE = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--propagation", "private"]
NEEDED = ("unshare", "ip", "mount", "chroot")
_TUNSETIFF, _TUN, _NO_INFO = 0x400454CA, 0x0001, 0x1000
_TCP, _UDP = 6, 17


@dataclass(frozen=True)
class Seen:
    """What a world saw.

    Args:
        results: exit code and output of each command.
        files: that were written, absolute.
        names: that were looked up.
        packets: to other machines, as address:port.
    """

    results: list[tuple[int, str]]
    files: list[str]
    names: list[str]
    packets: list[str]


def run_quietly(
    folder: Path, commands: Sequence[Sequence[str]], environment: Mapping[str, str], seconds: float = 200
) -> Seen:
    """Run commands, one after the other; the test skips where no such world can be made."""
    world = folder / "world"
    world.mkdir()
    _skip_if_impossible()
    done = subprocess.run(
        [*UNSHARE, sys.executable, "-m", "tests.attacks.quiet_world", str(world)],
        input=json.dumps({"commands": commands, "environment": dict(environment)}),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=seconds,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    return Seen([tuple(one) for one in found.pop("results")], **found)


def _skip_if_impossible() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make such a world")
    places = {path.stat().st_dev for path in (Path("/"), ROOT, Path(sys.prefix), Path(sys.base_prefix))}
    if len(places) > 1:
        pytest.skip("an overlay would not show the other file systems")
    script = "ip tuntap add mode tun dev q0 && mount -t tmpfs none /mnt && mkdir /mnt/u /mnt/w /mnt/m && "
    script += "mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/m"
    done = subprocess.run([*UNSHARE, "sh", "-c", script], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no such world can be made here: {done.stderr.strip()}")


def main() -> None:
    """Make the world, run the commands in it, print what was seen."""
    folder = Path(sys.argv[1])
    asked = json.load(sys.stdin)
    root, written = _file_system(folder)
    packets: list[str] = []
    names: list[str] = []
    _network(packets, names)
    results = []
    for command in asked["commands"]:
        done = subprocess.run(
            ["chroot", str(root), *command],
            env=asked["environment"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        results.append((done.returncode, done.stdout[-4000:]))
    files = [f"/{path.relative_to(written)}" for path in sorted(written.rglob("*")) if not path.is_dir()]
    print(json.dumps({"results": results, "files": files, "names": names, "packets": packets}))


def _file_system(folder: Path) -> tuple[Path, Path]:
    """(root of the world, folder of what is written in it)."""
    _do("mount", "-t", "tmpfs", "none", str(folder))
    written, work, root = (folder / name for name in ("written", "work", "root"))
    for each in (written, work, root):
        each.mkdir()
    (written / "etc").mkdir()
    (written / "etc" / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    (written / "etc" / "hosts").write_text("127.0.0.1 localhost\n")
    options = f"lowerdir=/,upperdir={written},workdir={work}"
    _do("mount", "-t", "overlay", "overlay", "-o", options, str(root))
    _do("mount", "-t", "proc", "proc", str(root / "proc"))
    for name in ("sys", "dev"):
        _do("mount", "--rbind", f"/{name}", str(root / name))
    return root, written


def _network(packets: list[str], names: list[str]) -> None:
    _do("ip", "tuntap", "add", "mode", "tun", "dev", "q0")
    for command in ("link set lo up", "addr add 10.9.9.2/24 dev q0", "link set q0 up", "route add default dev q0"):
        _do("ip", *command.split())
    tunnel = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tunnel, _TUNSETIFF, struct.pack("16sH", b"q0", _TUN | _NO_INFO))
    threading.Thread(target=_read_packets, args=(tunnel, packets), daemon=True).start()
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    threading.Thread(target=_answer_names, args=(server, names), daemon=True).start()


def _read_packets(tunnel: int, packets: list[str]) -> None:
    while True:
        packet = os.read(tunnel, 65_536)
        if packet[0] >> 4 != 4 or packet[9] not in (_TCP, _UDP) or packet[16] >= 224:
            continue  # the kernel's own: neighbours, routers, groups
        header = 4 * (packet[0] & 15)
        packets.append(f"{socket.inet_ntoa(packet[16:20])}:{int.from_bytes(packet[header + 2 : header + 4], 'big')}")


def _answer_names(server: socket.socket, names: list[str]) -> None:
    while True:
        question, address = server.recvfrom(4096)
        parts, place = [], 12
        while question[place]:
            parts.append(question[place + 1 : place + 1 + question[place]].decode(errors="replace"))
            place += 1 + question[place]
        names.append(".".join(parts))
        server.sendto(question[:2] + b"\x81\x83" + question[4:], address)  # there is no such name


def _do(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def files_outside(files: Sequence[str], *folders: Any) -> list[str]:
    """The files that are in none of these folders; Python's own compiled modules and the world's two files apart."""
    homes = tuple(f"{folder}/" for folder in folders)
    own = ("/etc/hosts", "/etc/resolv.conf")
    return [each for each in files if not each.startswith(homes) and "/__pycache__/" not in each and each not in own]


if __name__ == "__main__":
    main()
