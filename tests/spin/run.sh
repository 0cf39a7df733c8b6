#!/usr/bin/env bash
# Checks every scene of the model, and that every seeded bug is found. See README.md.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cd "$build"
failed=0

# check SCENE BUG WANTED: runs one of them; WANTED is `clean` or `error`.
check() {
    spin -DSCENE="$1" -DBUG="$2" -a "$here/bskip.pml" > log || { cat log; exit 1; }
    gcc -O2 -DSAFETY -DCOLLAPSE -DMEMLIM=2000 -o pan pan.c || exit 1
    ./pan -m1000000 > out 2>&1
    local states what got=unfinished
    states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' out)
    what=$(sed -n 's/^pan:[0-9]*: \(.*\) (at depth.*/\1/p' out | head -1 | cut -c1-90)
    if grep -q 'errors: 1' out; then
        got=error
    elif grep -q 'errors: 0' out && ! grep -Eq 'out of memory|max search depth too small|reached -DMEMLIM|not completed|truncated' out; then
        got=clean
    fi
    printf 'scene %s bug %-2s %-10s %10s states  %5.1f s  %s\n' \
        "$1" "$2" "$got" "$states" "$(sed -n 's/^pan: elapsed time \([0-9.]*\).*/\1/p' out)" "$what"
    [[ $got == "$3" ]] || { echo "    wanted: $3"; failed=1; }
}

scenes=${SCENES-1 2 3 4 5 6 7 8 9 10}
for scene in $scenes; do
    check "$scene" 0 clean
done
# Each bug in the scene that shows it soonest.
for seeded in ${BUGS-}; do
    check "${seeded#*:}" "${seeded%:*}" error
done
exit "$failed"
