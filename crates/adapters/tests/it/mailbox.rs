//! The mailbox of development.

use adapters::mail::{Address, Content, Mailer, Message};
use adapters::sms::{Sent, Texter};
use adapters::{Channel, Mailbox};
use kernel::World;

use crate::support::{NUMBER, TO, message, text, world};

#[tokio::test]
async fn it_keeps_what_would_have_been_sent() {
    let mailbox = Mailbox::new(world());
    let (mailer, texter) = (Mailer::Mailbox(mailbox.clone()), Texter::Mailbox(mailbox.clone()));
    mailer.send(&message()).await.unwrap();
    assert_eq!(texter.send(&text()).await, Ok(Sent { sid: None }));
    let [sms, mail] = &mailbox.list()[..] else { panic!("two were sent") };
    assert_eq!((sms.channel, sms.to.as_str(), sms.subject.as_deref()), (Channel::Sms, NUMBER, None));
    assert_eq!((sms.text.as_str(), sms.id, sms.at), (text().body(), text().id(), world().now()));
    assert_eq!((mail.channel, mail.to.as_str(), mail.id), (Channel::Mail, TO, message().id()));
    assert_eq!(mail.subject.as_deref(), Some("Caf\u{e9} at nine"));
    assert_eq!(mail.html, message().content().html);
}

#[tokio::test]
async fn it_keeps_the_last_200_newest_first() {
    let world: World = world();
    let mailbox = Mailbox::new(world.clone());
    let mailer = Mailer::Mailbox(mailbox.clone());
    for number in 0..205 {
        let content = Content { subject: format!("No. {number}"), text: "Hello".to_owned(), html: None };
        let message = Message::new(world.uuid(), Address::parse(TO).unwrap(), content).unwrap();
        mailer.send(&message).await.unwrap();
    }
    let kept = mailbox.list();
    assert_eq!(kept.len(), 200);
    assert_eq!(kept[0].subject.as_deref(), Some("No. 204"));
    assert_eq!(kept[199].subject.as_deref(), Some("No. 5"));
}
