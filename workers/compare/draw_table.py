"""How often each configuration is the best over the draws of a hold-out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from storage.finding_schemas import DRAWS


def draw_table(accuracies: Mapping[str, float], fits: pa.Table) -> pa.Table:
    """`storage.finding_schemas.DRAWS`: of configurations that were fitted on every draw, the run's own the first.

    Empty where fewer than two were.

    Args:
        accuracies: by configuration, on the run's own draw.
        fits: `storage.schemas.FITS` of a single hold-out.
    """
    columns = zip(fits["configuration"].to_pylist(), fits["draw_accuracies"].to_pylist(), strict=True)
    drawn = {name: found for name, found in columns if found and None not in found and name in accuracies}
    if len(drawn) < 2:
        return DRAWS.empty_table()
    # in single precision as they are stored, so that equal counts of hits stay equal
    matrix = np.asarray([[accuracies[name], *found] for name, found in sorted(drawn.items())], np.float32)
    top = matrix == matrix.max(axis=0)
    alone = top & (top.sum(axis=0) == 1)
    rows = [
        {"configuration": name, "draws": matrix.shape[1], "best": int(top[i].sum()), "alone": int(alone[i].sum()),
         "accuracy": float(matrix[i].mean()), "least": float(matrix[i].min()), "most": float(matrix[i].max())}
        for i, name in enumerate(sorted(drawn))
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=DRAWS)
