#!/bin/sh
# A cell that makes no sense.
echo "bench: load.txt:1: unknown operation 'JUMP'" >&2
exit 2
