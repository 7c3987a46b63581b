"""Verification: do two photos show one person? And 1:N: who of the enrolled people is it, if anybody?

pairs.txt, CSV ▶ catalogue of the photos named ─┐
a folder       ▶ catalogue of its photos ───────┴▶ (images queue: encodings, cached) ▶ distances ▶ rates, intervals
"""
