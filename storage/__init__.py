"""Parquet datasets, the only handoff between stages: partitions, ledgers, attempts, commits, status.

Start at `storage.store.Store`. What is guaranteed, and what is not, is written in docs/storage.md.
"""
