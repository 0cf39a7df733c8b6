#!/bin/sh
# `bskip` answers like ok.sh; any other map says that it has begun (a file named by FAKE_CELL_BEGUN) and
# never ends. With FAKE_CELL_FREE, every map answers.
case "${FAKE_CELL_FREE:-}$2" in
    1* | *'"map":"bskip"'*) exec "${FAKE_CELLS:?}/ok.sh" "$@" ;;
    *) echo $$ > "${FAKE_CELL_BEGUN:?}.new" && mv "$FAKE_CELL_BEGUN.new" "$FAKE_CELL_BEGUN"; exec sleep 1000 ;;
esac
