"""The tables of a run become a page that a person reads, or a table in the terminal.

ReportMaterial ─▶ evidence   what the scores say beyond the rows: curves, strangers, the worth of choosing
               ─▶ words      the answer in sentences, and nothing that the numbers do not carry
               ─▶ method     how it was done, in sentences
               ─▶ charts     geometry of bars and ranges; the template draws them as SVG
               ─▶ curves     geometry of learning, reliability and open-set curves
               ─▶ people     strips of faces, the hardest faces, confusions, failures, duplicates
               ─▶ page       one self-contained index.html
  comparison   ─▶ terminal   the same table for a terminal, as plain text or as JSON
"""

from orchestrator.report.material import ReportMaterial
from orchestrator.report.page import write_report
from orchestrator.report.terminal import comparison_rows, comparison_table, comparison_text, outcome_counts

__all__ = [
    "ReportMaterial",
    "comparison_rows",
    "comparison_table",
    "comparison_text",
    "outcome_counts",
    "write_report",
]
