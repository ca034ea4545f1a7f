"""Source mappings: a declarative file from a source's own tables, columns and codes to those of the contract."""
