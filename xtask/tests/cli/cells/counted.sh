#!/bin/sh
# Answers like ok.sh, or like the cell that FAKE_CELL_ANSWERS names. Adds a line for each start to the file named by
# FAKE_CELL_STARTS.
echo "$2" >> "${FAKE_CELL_STARTS:?}"
exec "${FAKE_CELLS:?}/${FAKE_CELL_ANSWERS:-ok}.sh" "$@"
