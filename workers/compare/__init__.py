"""Scores to truth: what may be said of each configuration, and how sure it is.

    scores, fits, splits ──▶ comparison   COMPARISON and the pairs
                               ├── statistics    one configuration's row
                               ├── outcomes      scores as arrays, split by split
                               ├── metrics       accuracy, F1, log-loss, calibration error
                               ├── intervals     Wilson, Nadeau-Bengio
                               ├── paired        one configuration against another: McNemar, Holm, ROPE
                               ├── openset       rejecting strangers: DIR at FAR
                               ├── selection     what choosing the best is worth on faces that did not choose
                               └── curves        reliability, open-set and per-person tables for plots
    distances of pairs   ──▶ verification  the LFW protocol

`docs/statistics.md` says why each method was chosen. Nothing here knows of queues, files or drawings.
"""
