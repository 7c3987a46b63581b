"""Name the faces in photos and videos with the fitted model of a run.

load_model ─▶ photos | video | live ─▶ annotate (pictures), format_names, format_video (text, JSON)
"""
