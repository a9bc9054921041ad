"""What surrounds a Bradley-Terry fit: battles, sums over them, identifiability, intervals, ranks, style effects."""
