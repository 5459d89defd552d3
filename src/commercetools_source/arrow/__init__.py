"""Whole records as Arrow columns with the types of the contract, for whoever wants columns."""
