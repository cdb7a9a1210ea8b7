"""Moving pictures: probe, join, compose. The only place that knows ffmpeg, PyAV and moviepy."""
