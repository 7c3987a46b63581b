"""Scores become statistics: what may be said of each configuration, and how certain it is.

    scores, fits, splits ──▶ comparison   all tables of storage.finding_schemas.COMPARISON_TABLES
                               ├── answers             scores as arrays, split by split
                               ├── configuration_row   one configuration's row
                               ├── metrics             accuracy, F1, log-loss, calibration error
                               ├── intervals           Jeffreys' interval of a proportion
                               ├── bootstrap           intervals of other figures: the Bayesian bootstrap
                               ├── pairs               every two configurations, and the best against the rest
                               │     paired, max_t, tested_family
                               ├── recommendation      which one to use, and why not the others
                               ├── open_set            open-set identification: DIR at FAR
                               ├── operating_points    the threshold, and who is turned away and let in at it
                               │     threshold_rule, encoder_scale, people_interval
                               ├── selection           accuracy of the chosen one on faces that did not choose it
                               ├── end_to_end          which photos count, and which are wrong for want of a face
                               ├── k_shot              accuracy against training photos a person
                               ├── subgroups           accuracy and detection failures by subgroup
                               ├── draw_table          how often each is the best over the draws of a hold-out
                               ├── suspects            faces that are nearer to another person than to their label's
                               └── figure_tables       rows of people, reliability, open-set and selection tables
    distances of pairs   ──▶ pair_protocol             verification: ROC, thresholds, the LFW protocol
                               └── pair_estimates      its figures with intervals
    embeddings, people   ──▶ all_pairs                 TAR at FAR over all pairs of photos
                               │   └── distance_counts distances in bins, block by block
                               └── identification_1n   rank-1 and DIR at FAR over draws of who is enrolled
    dyadic_interval: intervals of rates over pairs, with people as the unit

`docs/statistics.md` says why each method was chosen. Pure: knows no queue, file, drawing or learning code.
"""
