"""Name the faces in photos and videos with the fitted model of a run.

load_model ─▶ photos | video ─▶ annotate (pictures), format_names (text, JSON)
"""
