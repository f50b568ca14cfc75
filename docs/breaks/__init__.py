"""The page of each thing that a migration may break; installed as `jobgen.breaks`."""
