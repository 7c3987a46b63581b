"""A terminal for tests: what a command writes to it, and what is then on its screen."""

from __future__ import annotations

import os
import re
import threading


class Terminal:
    """A terminal that is read all the time; `slave` is the end for a command's outputs."""

    def __init__(self) -> None:
        self._master, self.slave = os.openpty()
        self._bytes = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                self._bytes += os.read(self._master, 65536)
            except OSError:  # its other end is closed
                return

    def lines(self) -> list[str]:
        """The lines on the screen, when nobody writes any more."""
        os.close(self.slave)
        self._reader.join()
        os.close(self._master)
        return on_screen(self._bytes.decode())


def on_screen(text: str) -> list[str]:
    """The lines of a wide screen after these characters: text, line ends, cursor up, erase line."""
    lines, row, column = [""], 0, 0
    for each in re.findall(r"\x1b\[[?0-9;]*[A-Za-z]|[^\x1b]", text):
        if each == "\r":
            column = 0
        elif each == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif each.startswith("\x1b") and each.endswith("A"):
            row = max(0, row - int(each[2:-1] or 1))
        elif each == "\x1b[2K":
            lines[row] = ""
        elif not each.startswith("\x1b"):
            lines[row] = lines[row].ljust(column)[:column] + each + lines[row][column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]
