"""Maps, tables and files for people."""
