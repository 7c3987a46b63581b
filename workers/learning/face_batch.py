"""Faces as a fitted model takes them: the view that names them, and the embedding that says how near they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workers.learning.arrays import Array, Floats
from workers.learning.pictures import Pictures, TwoSources


@dataclass(frozen=True)
class FaceBatch:
    """N faces.

    Attributes:
        view: (N, ...) the configuration's view: embeddings (N, D) float32, pictures (N, 128, 128, 3) uint8 RGB as an
            array or to be decoded, or (N, 0) float32 for the view `none`.
        embedding: (N, D) float32 of the configuration's encoder; the run's encoder where it has no own.
    """

    view: Array | Pictures
    embedding: Floats

    @classmethod
    def of_embeddings(cls, embedding: Floats) -> FaceBatch:
        """Faces for a configuration whose view is `embedding`."""
        return cls(embedding, embedding)

    def __len__(self) -> int:
        return len(self.embedding)

    def __getitem__(self, rows: Array | slice) -> FaceBatch:
        """The faces of these rows: row numbers, flags (N,) bool, or a slice."""
        embedding = self.embedding[rows]
        return FaceBatch(embedding if self.view is self.embedding else self.view[rows], embedding)

    def followed_by(self, others: FaceBatch) -> FaceBatch:
        """These faces and then the others; their pictures are not decoded."""
        embedding = np.concatenate([self.embedding, others.embedding])
        if self.view is self.embedding and others.view is others.embedding:
            return FaceBatch.of_embeddings(embedding)
        if isinstance(self.view, Pictures):
            second = others.view if isinstance(others.view, Pictures) else Pictures(others.view)
            return FaceBatch(Pictures(TwoSources(self.view, second)), embedding)
        return FaceBatch(np.concatenate([self.view, np.asarray(others.view)]), embedding)

    def decoded(self) -> FaceBatch:
        """The same faces, their pictures decoded: for a few."""
        return FaceBatch(np.asarray(self.view), self.embedding) if isinstance(self.view, Pictures) else self
