"""The answers for photos on this machine, in the order of the photos: from the store, in this process or in several.

A photo whose faces are in the encodings of the store is not encoded again; one that is not there leaves nothing there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from orchestrator.inference.encoded_photos import EncodedPhotos
from orchestrator.inference.media_type import read_regular
from orchestrator.inference.photo_pool import Answer, NamingProcesses, PhotoNaming, useful_processes
from orchestrator.inference.photos import annotated_jpeg, answer_of, name_photo
from orchestrator.stop_request import Stop
from workers.cores import usable_cores
from workers.faces.decode.guarded_reader import guarded_reader
from workers.faces.engine import load_engine
from workers.faces.photo import Photo
from workers.faces.records import PhotoResult
from workers.faces.refusal import Refusal
from workers.recognition.recogniser import Recogniser

TOGETHER = 256
"""Photos that are looked up in the store together, which reads the keys of all that are there."""

READERS = 4
"""Threads that read and hash photos: reading waits for the disk, and neither holds the interpreter's lock."""


class LocalAnswers:
    """The answers of one recogniser.

    Args:
        naming: the same for other processes.
        stop: ends `name`; so does closing it.
    """

    def __init__(self, recogniser: Recogniser, naming: PhotoNaming, stop: Stop) -> None:
        self._recogniser, self._naming, self._stop = recogniser, naming, stop
        self._encoded = EncodedPhotos(naming.store, recogniser)

    def name(self, paths: Sequence[Path]) -> Generator[Answer, None, None]:
        """The answer for each photo, each as soon as it is there."""
        processes = useful_processes(len(paths), usable_cores())
        with NamingProcesses(self._naming, processes, self._stop) as several:
            looks = not self._encoded.empty
            together = TOGETHER if looks else max(1, len(paths))
            for start in range(0, len(paths), together):
                if self._stop.is_set():
                    return
                some = paths[start : start + together]
                found = self._stored(some) if looks else {}
                if self._stop.is_set():
                    return
                new = [path for path in some if path not in found]
                is_many = useful_processes(len(new), usable_cores()) > 1
                named = several.name(new) if is_many else map(self._name, new)
                yield from self._in_order(some, found, named)

    def _in_order(
        self, paths: Sequence[Path], found: Mapping[Path, PhotoResult], named: Iterator[Answer]
    ) -> Iterator[Answer]:
        for path in paths:
            answer = self._from_store(path, found[path]) if path in found else next(named, None)
            if answer is None:  # it was stopped
                return
            yield answer

    def _name(self, path: Path) -> Answer:
        return name_photo(path, load_engine(self._recogniser.settings), self._recogniser, self._naming.annotate)

    def _stored(self, paths: Sequence[Path]) -> dict[Path, PhotoResult]:
        """What is stored of these photos."""
        encoded = self._encoded.look()
        with ThreadPoolExecutor(READERS, thread_name_prefix="hash") as pool:
            keys = {path: key for path, key in zip(paths, pool.map(self._key, paths), strict=True) if key in encoded}
        found = {each.photo_key: each for each in self._encoded.results(set(keys.values()))}
        return {path: found[key] for path, key in keys.items() if key in found}

    def _key(self, path: Path) -> str:
        """The key of a photo's bytes; empty where they cannot be read, are too many, or after a stop."""
        if self._stop.is_set():
            return ""
        data = self._read(path)
        return "" if isinstance(data, Refusal) else hashlib.sha256(data).hexdigest()

    def _read(self, path: Path) -> bytes | Refusal:
        """A file that is too long is cut after one byte more, so that no stored photo has its key."""
        return read_regular(path, self._recogniser.settings.limits.file_bytes + 1)

    def _from_store(self, path: Path, result: PhotoResult) -> Answer:
        answer = replace(answer_of(path, result, self._recogniser), stored=True)
        if not (self._naming.annotate and answer.was_read):
            return answer, None
        data = self._read(path)
        if isinstance(data, Refusal) or hashlib.sha256(data).hexdigest() != result.photo_key:
            return answer, None  # it went, or was replaced, since it was looked up: the boxes are not of this picture
        photo = guarded_reader().image(data, self._recogniser.settings.limits)
        return answer, annotated_jpeg(photo, answer, self._recogniser) if isinstance(photo, Photo) else None
