//! Tests of the machine, in one process and with a virtual clock.

mod chaos;
mod clients;
mod foreign;
mod forged;
mod limits;
mod own;
mod replies;
mod signals;
mod sleeper;
mod stop;
mod world;
