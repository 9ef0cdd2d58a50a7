//! Rows of files: who lets them in, and who forgets them.

use super::furnish::furnish;
use super::{Signer, attempt, cell, number, runtime};
use crate::support::House;

#[tokio::test]
async fn documents_are_let_in_and_swept_by_the_program_alone() {
    let house = House::new().await;
    let superuser = house.superuser().await;
    furnish(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    let (a, north) = (house.a.id(), house.a.north.0);
    let member = signer.context(1, &[cell(a, 0), cell(a, north)]);
    let old = "UPDATE org.document SET expires_at = now() - interval '3 hours', session_id = NULL";
    superuser.batch_execute(old).await.unwrap();
    let stale = "SELECT count(*) FROM org.stale_documents(now())";
    let received = "SELECT count(*) FROM org.document d WHERE org.receive_document(d.document_id, d.created_at - interval '4 hours')";
    for context in [None, Some(member.as_str())] {
        assert_eq!(number(&client, context, stale).await, Ok(0));
        assert_eq!(number(&client, context, received).await, Ok(0));
        for document in
            superuser.query("SELECT organization_id, document_id::text FROM org.document", &[]).await.unwrap()
        {
            let (organization, id): (i32, String) = (document.get(0), document.get(1));
            let _ = attempt(
                &client,
                context,
                &format!("SELECT org.swept_document({organization}, '{id}', now())"),
            )
            .await;
        }
    }
    let touched = "SELECT count(*) FROM org.document WHERE swept_at IS NOT NULL OR received_at IS NOT NULL";
    assert_eq!(superuser.query_one(touched, &[]).await.unwrap().get::<_, i64>(0), 0);
    let program = signer.context(-1, &[cell(a, 0)]);
    assert!(number(&client, Some(&program), stale).await.unwrap() > 0);
}
