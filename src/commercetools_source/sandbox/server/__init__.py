"""The sandbox as a server: requests in, responses out, scripted faults."""
