"""One exchange with the platform: send, retry, limit, unpack, authenticate."""
