"""`python -m commercetools_source` is the command `commercetools-source`."""

from commercetools_source.cli import main

if __name__ == "__main__":
    main()
