//! `report.html`: a sweep, or several side by side, as one page that needs nothing else.
//!
//! `command` reads the folders by `file`, which knows `results.json`, and `cells` gathers the numbers with their
//! intervals. `page` says what stands where. `tables`, `limits` and `facts` have the tables. `bars`, `curves` (with the
//! law of `usl`), `heat`, `latency`, `machine` and `placed` draw with the colours of `palette` in frames of `svg`.
//! `compare` puts several sweeps side by side.

mod args;
mod bars;
mod cells;
mod command;
mod compare;
mod curves;
mod facts;
mod file;
mod heat;
mod interval;
mod latency;
mod limits;
mod machine;
mod page;
mod palette;
mod placed;
mod svg;
mod tables;
mod usl;

pub(crate) use args::Report;
pub(crate) use command::{REPORT, command, write_in};
