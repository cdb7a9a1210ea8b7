"""Samsara's story: what is wanted, one request a minute of footage, looking what has arrived, fetching it."""
