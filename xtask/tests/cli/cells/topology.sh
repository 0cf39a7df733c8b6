#!/bin/sh
# Answers `bench topology` for a machine of two nodes, without hwloc. Anything else is refused.
case "$*" in
    *nonsense) echo 'bench: synthetic description of a machine: no; write it like this' >&2; exit 2 ;;
    'topology -- '*) ;;
    'topology --pin=scatter --threads=2 --placement=nearest -- '*)
        pins='{"pin":"scatter","threads":2,"workers":[{"cpus":"0","node":0},{"cpus":"2","node":1}],"notes":[]}'
        placements='{"placement":"nearest","nodes":[[[0,[1]],[1,[0]]]]}' ;;
    *) echo "bench: not expected: $*" >&2; exit 1 ;;
esac
cat <<JSON
{"cpus":[0,1,2,3],"nodes":[0,1],"memory_alone":[],"memory":2147483648,"cache":null,"notes":["two islands"],"pins":[${pins:-}],"placements":[${placements:-}]}
JSON
