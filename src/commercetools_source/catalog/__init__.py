"""What there is to read: the streams as rows, the contract, column kinds, scopes, table schemas, times."""
