"""What the sandbox holds, and how it is searched and expanded."""
