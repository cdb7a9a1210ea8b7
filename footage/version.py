"""Which version of this program writes: named in every manifest and every line of the log of custody."""

PROGRAM = "incident-footage"
VERSION = "0.1.0"
