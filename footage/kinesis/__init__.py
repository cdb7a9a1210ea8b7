"""The story for Kinesis Video: which fragments a stream holds, in which pieces they are fetched, what came of it."""
