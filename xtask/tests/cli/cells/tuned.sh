#!/bin/sh
# Answers like ok.sh. Two threads are twice as fast as one, and pages thp faster than others by a quarter.
seconds=1
case "$2" in *'"threads":2'*) seconds=0.5 ;; esac
case "$2" in *'"pages":"thp"'*) [ $seconds = 1 ] && seconds=0.8 || seconds=0.4 ;; esac
"${FAKE_CELLS:?}/ok.sh" "$@" | sed "s/\"seconds\":0.25/\"seconds\":$seconds/"
