"""The tables of a run become a page that a person reads, or a table in the terminal.

ReportMaterial ─▶ evidence       stored figures by configuration: open set, repeats, what choosing is worth
               ─▶ words          the answer in sentences, and nothing that the numbers do not carry
               ─▶ method         how it was done, in sentences
               ─▶ bar_charts     geometry of bars and ranges; the template draws them as SVG
               ─▶ curve_charts   geometry of learning, reliability and open-set curves
               ─▶ people         strips of faces, the hardest faces, confusions, failures, duplicates
               ─▶ mistaken_for   the training face that a wrongly named face was taken for
               ─▶ bokeh_figures  accuracy against time, and the map of faces (embedding_map); page.js draws them
               ─▶ run_again      the experiment file, the command, the machine
               ─▶ suspected_labels   faces whose label is in doubt, beside the nearest of both people
               ─▶ page           one self-contained index.html, built and written by `build`
  suspects     ─▶ suspects_file  suspects.csv, which the next run takes as corrections
  comparison   ─▶ terminal       the same table for a terminal, as plain text or as JSON
               ─▶ comparison_exports  CSV, Markdown, LaTeX
  two runs     ─▶ two_runs       a paired comparison on their common test faces

Nothing is computed here that a table of the run holds.
"""
