"""Stands in for `mage_integrations.sources`."""
