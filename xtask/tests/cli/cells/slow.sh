#!/bin/sh
# `bskip` answers like ok.sh; any other map says that it has begun (a file named by FAKE_CELL_BEGUN) and
# never ends.
case "$2" in
    *'"map":"bskip"'*) exec "$(dirname "$0")/ok.sh" "$@" ;;
    *) echo $$ > "${FAKE_CELL_BEGUN:?}.new" && mv "$FAKE_CELL_BEGUN.new" "$FAKE_CELL_BEGUN"; exec sleep 1000 ;;
esac
