//! People sign in, work in several contexts at once, and are out when they should be.

mod accounts;
mod contexts;
mod load;
mod refusals;
