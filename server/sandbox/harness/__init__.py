"""What runs inside the jail: a warm fork server and the child that executes one program.

Standard library only, CPython 3.10 or newer. The package is hidden from programs before the first
one runs; see `fork_server`.
"""
