//! Tests of the settings as a whole.

mod cases;
mod layers;
