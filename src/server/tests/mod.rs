//! Tests of the machine, in one process and with a virtual clock.

mod chaos;
mod foreign;
mod forged;
mod limits;
mod own;
mod replies;
mod sleeper;
mod stop;
mod world;
