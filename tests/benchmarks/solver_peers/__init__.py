"""Scripts that run in the peers' own environment: one request file in, one JSON answer on standard output.

They import nothing of this project. ``asked.py`` lies beside them on their path.
"""
