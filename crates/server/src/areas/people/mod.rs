//! People: accounts, proofs of who someone is, signed-in browsers, and the posts (memberships) they speak as.
//!
//! A person belongs to no organization; a membership ties them to one. What is stored of a person lives in the schema
//! `people`, sealed or hashed, behind a wall that no organization's context passes (ADR 0010).

mod error;
mod jobs;
mod model;
mod ops;
mod routes;
mod store;

pub(crate) use error::Error;
pub(crate) use jobs::deliver;
pub(crate) use model::{Purpose, Ticket};
pub(crate) use ops::{
    Desk, NewPost, News, Post, end_post as end, end_within, invite, list_people as list, person_of, posts,
};
pub(crate) use ops::{
    Step, Told, find_colleague, find_or_make, hand_over, insert_post, invite_to_platform, posts_at,
    prove_shown, seal_invitation, sign_all_out, sign_in_shown, sign_in_vouched, tell, tell_linked,
};
pub(crate) use routes::{Membership, ROUTES, etag, if_match, post, proved, proved_above};
pub(crate) use store::{find_ticket, insert_ticket, spend_ticket};

/// Sends the messages that are due, once.
pub(crate) async fn deliver_due(app: &crate::app::App) -> Result<usize, db::Error> {
    jobs::deliver_due(app).await.map_err(|error| match error {
        Error::Db(error) => error,
        _ => db::Error::Unavailable("messages cannot be sent"),
    })
}
