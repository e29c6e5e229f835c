//! Tests of the settings.

mod address;
mod cases;
mod codes;
mod layers;
mod reference;
