#!/bin/sh
# Answers like ok.sh, or like the cell that FAKE_CELL_ANSWERS names. Adds a line for each start to the file named by
# FAKE_CELL_STARTS. If there are then more lines than FAKE_CELL_MOST, it never ends.
echo "$2" >> "${FAKE_CELL_STARTS:?}"
if [ -n "$FAKE_CELL_MOST" ] && [ "$(wc -l < "$FAKE_CELL_STARTS")" -gt "$FAKE_CELL_MOST" ]; then exec sleep 1000; fi
exec "${FAKE_CELLS:?}/${FAKE_CELL_ANSWERS:-ok}.sh" "$@"
