//! Tests of the whole way of a token, against issuers that behave and issuers that don't.

mod addresses;
mod attacks;
mod faults;
mod granted;
mod people;
mod recipes;
mod recipes_of_grants;
mod renewed;
mod support;
mod vectors;
