//! The checks and other tasks of this repository that are programs of their own.

pub mod audit;
pub mod footprint;
pub mod mutants;
pub mod picture;
mod product;
pub mod verify;
