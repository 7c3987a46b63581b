"""The winner at work: who is in these photos, who is in this video?

sources ▶ photos | video ▶ (engine: faces) ▶ (recogniser: names) ▶ drawing ▶ telling
"""
