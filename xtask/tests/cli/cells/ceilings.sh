#!/bin/sh
# Has ceilings, and cells like those of ok.sh.
[ "$1" = ceilings ] || exec "${FAKE_CELLS:?}/ok.sh" "$@"
cat <<JSON
{"bytes":268435456,"cache":33554432,"pairs":[{"cpu_node":0,"memory_node":0,"pages":"thp","dependent_ns":100.0,"independent_mops":90.0,"written_mops":80.0}],"bandwidth":[{"pin":"none","pages":"thp","threads":1,"gib_s":20.0,"independent_mops":90.0,"written_mops":80.0}],"written_line_ns":55.0,"seconds":5.0,"notes":[]}
JSON
