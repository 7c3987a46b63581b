"""Which photos of a run are encoded and embedded, and the tables of faces and embeddings that this stage ends with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from orchestrator.scheduler.verified_tables import VerifiedTables
from storage.collect_faces import write_embeddings, write_faces
from storage.encodings import Done
from storage.run_faces import read_faces
from storage.runs import Run
from storage.schemas import EMBEDDINGS, RUN_FACES
from workers.faces.engine_fingerprint import encoder_fingerprint
from workers.jobs.planned_encoders import onnx_encoders


@dataclass(frozen=True)
class PhotosDone:
    """Keys of photos.

    Attributes:
        encoded: in the encodings, of this run and of others.
        whole: of this run, encoded and embedded by all its encoders.
        done: of this run, whole or failed.
    """

    encoded: Set[str]
    whole: Set[str]
    done: Set[str]

    def missing(self, photos: Mapping[str, str], excluded: Set[str]) -> Iterator[str]:
        """The photos that are not done and not excluded: first those whose faces are not stored, then the others."""
        for encoded in (False, True) if self.encoded else (False,):
            left = (key for key in photos if key not in self.done and key not in excluded)
            yield from (key for key in left if (key in self.encoded) == encoded)


class StoredFaces:
    """The faces of one run in the encodings, and its tables of them."""

    def __init__(self, run: Run, tables: VerifiedTables) -> None:
        self._run = run
        self._tables = tables
        self._encoded = Done(run.encodings / "faces")
        self._pictured = False
        self._failed = Done(run.failures)
        self._fingerprints = {name: encoder_fingerprint(each) for name, each in onnx_encoders(run).items()}
        self._embedded = [Done(run.embedding_parts(each), schema=EMBEDDINGS) for each in self._fingerprints.values()]

    def have_tables(self) -> bool:
        """Whether the faces and all their embeddings are stored and intact; without the latter the faces go too."""
        embeddings = [self._tables.has(self._run.embeddings(name), EMBEDDINGS) for name in self._fingerprints]
        if not all(embeddings):
            self._run.faces.unlink(missing_ok=True)  # workers take its presence for the end of the stage
        return all(embeddings) and self._tables.has(self._run.faces, RUN_FACES)

    def have_pictures(self) -> bool:
        """Whether the encodings, where the pictures stay, have all usable faces of the table; else the table goes.

        Looked at once: while a run goes on, nothing is taken out of the encodings.
        """
        if not self._pictured:
            photos = read_faces(self._run, ["photo_key"], usable=True)["photo_key"].unique().to_pylist()
            self._pictured = self._encoded.look() >= set(photos)
        if not self._pictured:
            self._run.faces.unlink(missing_ok=True)
        return self._pictured

    def look(self, photos: Mapping[str, str]) -> PhotosDone:
        """What is done now.

        Args:
            photos: of the run, photo_key to path.
        """
        encoded, failed = self._encoded.look(), self._failed.look()
        embedded = [done.look() for done in self._embedded]
        whole = {key for key in photos if key in encoded and all(key in keys for keys in embedded)}
        return PhotosDone(encoded, whole, whole | {key for key in photos if key in failed})

    def write_tables(self, photos: Mapping[str, str], whole: Set[str]) -> bool:
        """Write the tables, the faces last; False where a part was found damaged, whose photos are then not done.

        Args:
            photos: all done.
            whole: the others failed.

        Raises:
            StoreError: the disk is full, or the run's folder cannot be written.
        """
        names = self._fingerprints.items()
        embedded = [write_embeddings(self._run, name, fingerprint, whole) for name, fingerprint in names]
        return all(embedded) and write_faces(self._run, photos, failed=photos.keys() - whole)
