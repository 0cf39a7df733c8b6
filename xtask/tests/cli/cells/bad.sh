#!/bin/sh
# Cells that end badly, each map in its own way; `bskip` answers like ok.sh.
case "$2" in
    *'"map":"arctic-map"'*) echo '{"outcome":"failed","reason":"key 7: got None, want 8"}' ;;
    *'"map":"bplustree"'*) echo 'thread main panicked' >&2; echo 'at the disco, with a "quote"' >&2; exit 101 ;;
    *'"map":"congee"'*) kill -SEGV $$ ;;
    *'"map":"ferntree"'*) echo 'fast, very fast' ;;
    *'"map":"masstree"'*) exit 0 ;;
    *'"map":"concurrent-map"'*) exec sleep 1000 ;;
    *) exec "${FAKE_CELLS:?}/ok.sh" "$@" ;;
esac
