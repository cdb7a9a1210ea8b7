"""The evidence package: manifest, checksums, log of custody, viewer, stills, and the checks of all of it."""
