#!/bin/sh
# Answers like ok.sh, but `bskip` takes a tenth longer for workload c.
case "$2" in
    *'"map":"bskip"'*'"workload":"c"'*) "${FAKE_CELLS:?}/ok.sh" "$@" | sed 's/"seconds":0.25/"seconds":0.275/' ;;
    *) exec "${FAKE_CELLS:?}/ok.sh" "$@" ;;
esac
