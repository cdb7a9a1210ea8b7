"""The benchmarks: each prints ratios or figures, so that a claim of speed or safety can be checked again."""
