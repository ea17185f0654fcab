"""``python -m fleetplan`` is the ``fleetplan`` command."""

from fleetplan.cli import main

if __name__ == "__main__":
    main()
