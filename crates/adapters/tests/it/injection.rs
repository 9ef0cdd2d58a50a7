//! What somebody on the way slips in before the encryption begins.

use adapters::Why;

use crate::smtp_server::{Manners, Server};
use crate::support::{mailer, message};

#[tokio::test]
async fn answers_in_clear_are_not_taken_for_encrypted_ones() {
    // Were these kept, the message would count as taken although the server refused the recipient.
    let injected = "250-mail.test\r\n250 SIZE 1000000\r\n250 fine\r\n250 fine\r\n354 go on\r\n250 taken\r\n";
    let answers = vec![("RCPT", "550 no such user")];
    let server = Server::start(Manners { starttls: true, injected, answers, ..Manners::default() }).await;
    let url = format!("smtp://[::ffff:127.0.0.1]:{}", server.port);
    let error = mailer(&url, Some(&server.pem)).send(&message()).await.unwrap_err();
    assert!(error.is_transient() && matches!(error.why(), Why::Tls | Why::Network), "{error:?}");
    assert_eq!((server.count("[tls]"), server.count("MAIL")), (0, 0));
}
