//! Tests of the whole way of a token, against issuers that behave and issuers that don't.

mod addresses;
mod attacks;
mod faults;
mod recipes;
mod support;
mod vectors;
