"""Faces as arrays in, scores out. No files but a stored model or encoder, no queue.

    evaluation, fitted_model ─▶ families ─▶ classical, networks ─▶ grid_search ─▶ fold, inner_folds ─▶ arrays
    encoder ─▶ networks

`classical` and `networks` fit models, `encoder` trains an own face encoder. `classical` imports neither of them.
"""
