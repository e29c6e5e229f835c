//! Which tenant a resource id belongs to.
//!
//! In: ids that a request names, each with its family. Out: which of them are the caller's ([`Owned`]). The engine
//! is asked by lists pinned to the caller's tenant, so an answer about another tenant never enters the gateway,
//! and a foreign id costs as much time as one that never existed. Only found owners are remembered.

mod asked;
<<<<<<< HEAD
mod handle;
mod look_up;

pub use asked::{Asked, Owned};
pub use handle::Handles;
=======
mod figures;
mod look_up;

pub use asked::{Asked, Owned};
pub use figures::Figures;
>>>>>>> ship
pub use look_up::Ownership;
