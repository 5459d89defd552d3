"""The rules of the platform: endpoints, refusals, OAuth, clock, ids."""
