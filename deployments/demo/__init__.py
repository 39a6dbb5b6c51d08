"""A plant, its catalog and one run of everything, to see it work without an account or a database server."""
