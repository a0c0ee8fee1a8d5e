//! The audit of signal handlers in compiled programs: the command `minitalk-audit`, and a library for minitalk's own tasks.
//!
//! The stages: [`program`] reads the command line and [`load`] the file, [`install`] finds the handlers that the program installs.
//! [`audit`] has each handler explored and collects the findings, [`report`] prints them. [`explore`] explores a function and its
//! callees, [`walk`] the paths through a function with the known values of its registers ([`state`], [`value`]). [`frame`] holds
//! the facts noted on the way. [`step`] applies one instruction, [`flow`] follows control, [`compute`] computes results, [`memory`]
//! loads and stores. [`access`] checks the memory that an instruction may touch, [`assume`] applies the statements of a reviewer.
//! [`torn`] finds stores that belong together, [`loops`] decides whether a loop ends. [`index`] answers questions about a whole
//! file, which [`sweep`] reads once. [`conflict`] finds the data that the handler shares with the interrupted code. [`groups`]
//! finds the words that the program stores together, [`mixture`] the handler's use of them. [`condition`] and [`lines`] add details
//! to a finding. [`leaf`] is the stricter audit of minitalk's own handler.

mod access;
mod address;
mod allow;
mod apart;
mod arrays;
mod assume;
mod audit;
mod beforehand;
mod block;
mod blocking;
mod call;
mod callee;
mod carried;
mod chosen;
mod chosen_number;
mod comparison;
mod compute;
mod condition;
mod conflict;
mod counters;
mod dynamic;
mod emptied;
mod entry;
mod escape;
mod explore;
mod files;
mod finding;
mod flow;
mod frame;
mod given;
mod graph;
mod groups;
mod hash;
mod ignored;
mod image;
mod index;
mod install;
mod installed;
mod leaf;
mod libc;
mod library;
mod line;
mod lines;
mod load;
mod loops;
mod marked;
mod mask;
mod masked;
mod memory;
mod mixture;
mod motion;
mod names;
mod neighbours;
mod nested;
mod nesting;
mod nulled;
mod odd;
mod operand;
mod order;
mod pads;
mod pointed;
mod policy;
mod private;
mod program;
mod races;
mod reach;
mod relocate;
mod report;
mod retries;
mod rings;
mod runtime;
mod sealed;
mod state;
mod step;
mod summary;
mod sweep;
mod threads;
mod timer;
mod together;
mod torn;
mod undescribed;
mod value;
mod vector;
mod waits;
mod walk;

pub use leaf::{Built, Product, Unbuilt, main as task};
pub use program::main as program;
