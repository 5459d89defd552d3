"""Stands in for `mage_integrations.utils`."""
