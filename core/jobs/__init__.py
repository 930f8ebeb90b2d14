"""Long work as rows of a table, which every process can read: submit, follow, cancel."""
