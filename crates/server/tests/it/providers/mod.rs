//! People sign in with accounts that their organization gave them elsewhere.

mod house;
mod real;
mod refusals;
mod stand_in;
mod stories;
