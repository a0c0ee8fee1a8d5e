//! The checks of this repository that are programs of their own.

pub mod audit;
pub mod mutants;
pub mod verify;
