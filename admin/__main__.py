"""`python -m admin` is `relance`."""

from admin.cli import main

if __name__ == "__main__":
    main()
