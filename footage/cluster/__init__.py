"""A cluster of computers as the place where heavy tasks are done."""
