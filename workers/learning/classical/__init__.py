"""Classifiers that scikit-learn fits; stored as arrays and evaluated with numpy."""
