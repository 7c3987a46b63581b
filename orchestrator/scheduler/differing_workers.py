"""Which living workers have other versions, or another processor, than the plan of a run notes.

Their scores may differ by rounding, which is told and not refused; another engine or learning version is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from storage.plans import Plan
from storage.worker_faults import WorkerState
from workers.numeric_environment import INSTRUCTIONS, differences, environment_of


def differing_workers(plan: Plan, states: Sequence[WorkerState]) -> list[str]:
    """A sentence for each living worker whose versions or processor are not those that the plan notes."""
    noted = _noted(plan.versions)
    sentences = []
    for state in states:
        theirs = environment_of(state.environment)
        found = differences([noted, {name: value for name, value in theirs.items() if name in noted}])
        parts = [f"{name} {theirs[name]} instead of {noted[name]}" for name in found if name != INSTRUCTIONS]
        if INSTRUCTIONS in found:
            parts.append(f"other instructions ({' / '.join(found[INSTRUCTIONS])})")
        if parts:
            where = f"{state.name} (process {state.pid} on {state.host})"
            sentences.append(f"{where} differs from the plan: {', '.join(parts)}. Scores may differ by rounding")
    return sentences


def _noted(versions: Mapping[str, str]) -> dict[str, str]:
    """As environments note them: Python by major and minor."""
    python = ".".join(versions.get("python", "").split(".")[:2])
    return {**versions, **({"python": python} if python else {})}
