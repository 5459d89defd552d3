"""The commands: a file here is a command, or a group of them, with the name of the file."""
